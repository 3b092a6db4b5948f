/** Every kernel at the shapes of one training step, with the work that its bound counts. */
import {
  adam,
  binary,
  bucketLatents,
  countFired,
  decodeSparse,
  decoderGradient,
  encoderGradient,
  encodeTopK,
  fakeQuantize,
  gatherRows,
  gemm,
  latentGradient,
  normalizeRows,
  packEncoder,
  reduce,
  removeParallel,
  topK,
  transpose,
  unary,
  type Engine,
  type Pointer,
} from "@qsae/runtime/training";

export interface Shape {
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
}

export interface Case {
  readonly name: string;
  /** What the kernel cannot do without: floating-point operations, or bytes read and written once. */
  readonly work: { readonly flops: number } | { readonly bytes: number };
  /** Part of a step of a TopK SAE beside the encode: their sum is printed. */
  readonly inStep?: boolean;
  readonly run: () => void;
}

export function kernelCases(engine: Engine, { n, dIn, dSae, k }: Shape): Case[] {
  const floats = (count: number, scale = 1): Pointer => {
    const at = engine.alloc(4 * count);
    fillGaussian(engine.f32(at, count), scale);
    return at;
  };
  const weights = dIn * dSae;
  const [x, xhat, center, bias] = [floats(n * dIn), floats(n * dIn), floats(dIn, 0.1), floats(dSae, 0.1)];
  const [wEnc, wDec] = [floats(weights, 1 / Math.sqrt(dIn)), floats(weights, 1 / Math.sqrt(dIn))];
  const [gradient, dBias, m, v] = [floats(weights, 1e-3), floats(dSae), floats(weights, 0), floats(weights, 0)];
  const [values, dValues, indices] = [floats(n * k), floats(n * k), engine.alloc(4 * n * k)];
  const dense = floats(n * dSae);
  const [rowScale, rowSums, columnSums] = [floats(dSae), floats(n), floats(dSae)];
  engine.f32(rowScale, dSae).fill(0.02);

  const encoder = { wEnc, dIn, dSae };
  const scores = { x, center, wEnc, bEnc: bias, values, indices, n, dIn, dSae, k };
  encodeTopK(engine, scores);
  const sparse = { indices, n, k, dSae };
  const buckets = bucketLatents(engine, sparse);
  const scored = 2 * n * dIn * dSae;
  const entries = n * k;
  const product = (
    name: string,
    sizes: [number, number, number],
    a: Pointer,
    b: Pointer,
    out: Pointer,
    form = {},
  ): Case => {
    const [rows, columns, depth] = sizes;
    const run = (): void => gemm(engine, { a, b, out, m: rows, n: columns, k: depth, ...form });
    return { name: `gemm ${name}`, work: { flops: 2 * rows * columns * depth }, run };
  };

  return [
    product("x W_enc", [n, dSae, dIn], x, wEnc, dense),
    product("x^T dZ", [dIn, dSae, n], x, dense, gradient, { transposeA: true }),
    product("Z W_dec", [n, dIn, dSae], dense, wDec, xhat),
    product("dX W_dec^T", [n, dSae, dIn], x, wDec, dense, { transposeB: true }),
    ...(["exact", "certified", "fast"] as const).map((mode): Case => {
      return {
        name: `encodeTopK ${mode}`,
        work: { flops: scored },
        run: () => void encodeTopK(engine, { ...scores, mode }),
      };
    }),
    packing("pack float panels", 8 * weights, () => packEncoder(engine, encoder), "panels"),
    packing("pack integer codes", 12 * weights, () => packEncoder(engine, encoder), "coarse"),
    bytes("topK", 4 * n * dSae, () => topK(engine, { x: dense, values, indices: dValues, n, width: dSae, k })),
    step("decodeSparse", 4 * dIn * (entries + n), () =>
      decodeSparse(engine, { ...sparse, values, wDec, bias: center, out: xhat, dIn }),
    ),
    step("latentGradient", 4 * dIn * (entries + n), () =>
      latentGradient(engine, { ...sparse, dOut: xhat, wDec, out: dValues, dIn }),
    ),
    step("bucketLatents", 4 * 5 * entries, () => bucketLatents(engine, sparse).free()),
    step("decoderGradient", 4 * dIn * (entries + dSae), () =>
      decoderGradient(engine, { buckets, values, dOut: xhat, out: gradient, dIn }),
    ),
    step("encoderGradient, biases", 4 * dIn * (entries + dSae), () =>
      encoderGradient(engine, { buckets, dPre: dValues, x, center, out: gradient, dBias, dIn }),
    ),
    step("matrix times vector (center)", 4 * weights, () =>
      gemm(engine, { a: wEnc, b: dBias, out: center, m: dIn, n: 1, k: dSae }),
    ),
    step("adam, both dictionaries", 2 * 28 * weights, () => {
      for (let i = 0; i < 2; i++) adam(engine, { param: wDec, m, v, gradient, length: weights, lr: 0, step: 3 });
    }),
    bytes("normalizeRows", 8 * weights, () =>
      normalizeRows(engine, { x: wDec, out: wDec, rows: dSae, columns: dIn, minNorm: 1e-8 }),
    ),
    bytes("removeParallel", 12 * weights, () =>
      removeParallel(engine, { gradient, atoms: wDec, out: gradient, rows: dSae, columns: dIn }),
    ),
    bytes("fakeQuantize", 8 * weights, () =>
      fakeQuantize(engine, { x: wDec, scale: rowScale, out: gradient, rows: dSae, columns: dIn, min: -7, max: 7 }),
    ),
    bytes("transpose", 8 * weights, () => transpose(engine, { x: wEnc, out: gradient, rows: dIn, columns: dSae })),
    bytes("unary neg", 8 * n * dSae, () => unary(engine, "neg", { x: dense, out: dense, length: n * dSae })),
    bytes("unary exp", 8 * weights, () => unary(engine, "exp", { x: wDec, out: gradient, length: weights })),
    bytes("binary add", 12 * weights, () =>
      binary(engine, "add", { a: wDec, aShape: [dSae, dIn], b: wDec, bShape: [dSae, dIn], out: gradient }),
    ),
    bytes("binary sub a row", 8 * weights, () =>
      binary(engine, "sub", { a: wDec, aShape: [dSae, dIn], b: center, bShape: [dIn], out: gradient }),
    ),
    bytes("reduce sum of rows", 4 * n * dSae, () =>
      reduce(engine, "sum", { x: dense, out: rowSums, outer: n, length: dSae, inner: 1 }),
    ),
    bytes("reduce sum of columns", 4 * n * dSae, () =>
      reduce(engine, "sum", { x: dense, out: columnSums, outer: 1, length: n, inner: dSae }),
    ),
    bytes("gatherRows", 8 * n * dIn, () =>
      gatherRows(engine, { x: wDec, indices, out: xhat, count: n, columns: dIn, rows: dSae }),
    ),
    bytes("countFired", 8 * entries, () => countFired(engine, { ...sparse, values, out: columnSums })),
  ];
}

const bytes = (name: string, count: number, run: () => void): Case => ({ name, work: { bytes: count }, run });
const step = (name: string, count: number, run: () => void): Case => ({ ...bytes(name, count, run), inStep: true });

function packing(
  name: string,
  count: number,
  open: () => ReturnType<typeof packEncoder>,
  layout: "panels" | "coarse",
): Case {
  return bytes(name, count, () => {
    const packed = open();
    packed[layout]();
    packed.free();
  });
}

/** About normal: sums of four uniform numbers. */
function fillGaussian(data: Float32Array, scale: number): void {
  let state = data.length;
  const uniform = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let i = 0; i < data.length; i++)
    data[i] = (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3) * scale;
}
