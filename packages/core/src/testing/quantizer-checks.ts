/**
 * The promises that core, the packed file and the training loop rely on, one function each: it tries a quantizer on rows that
 * break careless ones and says what is wrong, in words; nothing, if nothing is.
 */
import { dequantizeMatrix, QsaeError, unpackCodes, UsageError, type HostData, type HostTensor } from "@qsae/runtime";
import type { Grid, Quantizer } from "../contracts/quantizer.ts";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";
import { fakeQuantize } from "../quantization/fake-quantize.ts";
import { packMatrix } from "../quantization/pack-matrix.ts";
import { normals } from "../random.ts";

export interface CheckedQuantizer {
  readonly quantizer: Quantizer;
  readonly ops: TensorOps;
  /** `[d_sae, d_in]` */
  readonly weights: HostTensor<Float32Array>;
}

type Problems = Promise<readonly string[]>;

const ROWS = 12;
/** Not a multiple of eight or five: rows end within a byte. */
const COLS = 42;

/**
 * Rows that break careless quantizers: Gaussian, heavy-tailed, constant, tiny, huge, zero, a single entry that is not zero.
 *
 * @param groupSize weights that share a scale, where those are neighbours
 */
export function trickyWeights(groupSize = 1): HostTensor<Float32Array> {
  const cols = Math.ceil(COLS / groupSize) * groupSize;
  const data = normals(ROWS * cols, 1, 7);
  const row = (i: number): Float32Array => data.subarray(i * cols, (i + 1) * cols);
  row(1).set(row(1).map((w) => w ** 3));
  row(2).fill(0.25);
  row(3).set(row(3).map((w) => w * 1e-4));
  row(4).set(row(4).map((w) => w * 1e4));
  row(5).fill(0);
  row(6).fill(0)[3] = -2;
  return { shape: [ROWS, cols], data };
}

/** Codes are integers of the declared range, one per weight and plane. */
export async function codesInRange(checked: CheckedQuantizer): Problems {
  const { quantizer, ops, weights } = checked;
  const [min, max] = quantizer.codes;
  const wanted = [...planesOf(quantizer), ...weights.shape];
  const codes = ops.tidy(() => {
    const { w, grid } = calibrated(checked);
    return quantizer.encode(ops, w, grid);
  });
  const { shape, data } = await taken(ops, codes);
  if (!sameShape(shape, wanted)) return [`codes are [${shape.join(", ")}]; expected [${wanted.join(", ")}]`];
  const bad = data.findIndex((code) => !Number.isInteger(code) || code < min || code > max);
  return bad < 0 ? [] : [`code ${bad} is ${data[bad]}; expected an integer in ${min}..${max}`];
}

/** Every tensor of the grid is finite and every scale positive, for rows, and whole matrices, of zeros too. */
export async function gridUsable({ quantizer, ops, weights }: CheckedQuantizer): Problems {
  const problems: string[] = [];
  const zeros = { shape: weights.shape, data: new Float32Array(weights.data.length) };
  for (const [what, given] of [["", weights] as const, [" of zeros", zeros] as const]) {
    const grid = ops.tidy(() => quantizer.calibrate(ops, ops.fromHost(given)));
    for (const [name, tensor] of Object.entries(grid)) {
      const { data } = await taken(ops, tensor);
      const bad = data.findIndex((value) => !Number.isFinite(value) || (name === "scale" && value <= 0));
      if (bad >= 0)
        problems.push(`${name} ${bad}${what} is ${data[bad]}; expected finite numbers, of scale positive ones`);
    }
  }
  return problems;
}

/** Quantizing what is quantized changes nothing. */
export async function idempotent(checked: CheckedQuantizer): Problems {
  const { first, second } = await quantizedTwice(checked);
  const bad = second.findIndex((value, i) => value !== first[i]);
  return bad < 0 ? [] : [`weight ${bad} is rounded to ${first[bad]}, and that to ${second[bad]}`];
}

/** What is declared not to be idempotent still does no more to a quantized row than the first rounding did to the row. */
export async function secondRoundingNoWorse(checked: CheckedQuantizer): Problems {
  const { first, second } = await quantizedTwice(checked);
  const { shape, data } = checked.weights;
  const cols = shape[1]!;
  const distance = (a: Float32Array, b: Float32Array, row: number): number =>
    Math.hypot(...a.subarray(row * cols, (row + 1) * cols).map((value, i) => value - b[row * cols + i]!));
  return Array.from({ length: shape[0]! }, (_, row) => row)
    .filter((row) => distance(second, first, row) > distance(first, data, row) * (1 + 1e-5))
    .map(
      (row) =>
        `row ${row}: rounding moves it by ${distance(first, data, row)}, rounding again by ${distance(second, first, row)}`,
    );
}

/** Packed codes are the codes, and packed weights those of fake-quantize, bit for bit. */
export async function packedWithoutLoss(checked: CheckedQuantizer): Problems {
  const { quantizer, ops, weights } = checked;
  const [rows, cols] = weights.shape as [number, number];
  const packed = await packMatrix(ops, quantizer, weights);
  const storedScale = ops.tensor(
    packed.planes.flatMap(({ scale }) => [...scale]),
    [...planesOf(quantizer), ...packed.planes[0]!.scaleShape],
  );
  const [codes, fake] = ops.tidy(() => {
    const { w, grid } = calibrated(checked);
    const own = quantizer.encode(ops, w, grid);
    // Codes of the calibrated grid, decoded with the scale as it is stored.
    return [own, fakeQuantize(ops, withCodes(quantizer, own), w, { ...grid, scale: storedScale })] as const;
  });
  ops.dispose(storedScale);
  const wantedCodes = withoutNegativeZero((await taken(ops, codes)).data);
  const wanted = withoutNegativeZero((await taken(ops, fake)).data);
  const unpacked = packed.planes.flatMap((plane) => [...unpackCodes(plane.packed, rows, cols, quantizer.codes)]);
  const given = withoutNegativeZero(dequantizeMatrix(packed));
  const badCode = unpacked.findIndex((code, i) => code !== wantedCodes[i]);
  const bad = given.findIndex((weight, i) => weight !== wanted[i]);
  return [
    ...(badCode < 0 ? [] : [`code ${badCode} was ${wantedCodes[badCode]} and is unpacked as ${unpacked[badCode]}`]),
    ...(bad < 0 ? [] : [`weight ${bad} of the packed matrix is ${given[bad]}, of fake-quantize ${wanted[bad]}`]),
  ];
}

/**
 * Without a gradient of its own: straight through to the weights, and to every scale what the weights, which are linear in
 * it, change by while codes stand. With one: finite.
 */
export async function gradientsAsDeclared(checked: CheckedQuantizer): Problems {
  const { quantizer, ops, weights } = checked;
  const { w, grid } = calibrated(checked);
  const direction = ops.tensor(normals(weights.data.length, 1, 8), weights.shape);
  const loss = (q: Quantizer, rows: Tensor, scale: Tensor): Tensor =>
    ops.sum(ops.mul(direction, fakeQuantize(ops, q, rows, { ...grid, scale })));
  const { dW, products, predicted, change } = ops.tidy(() => {
    const { grads } = ops.valueAndGrads({ w, scale: grid.scale }, (params) => ({
      loss: loss(quantizer, params["w"]!, params["scale"]!),
      aux: {},
    }));
    const along = ops.mul(grid.scale, ops.randomNormal(grid.scale.shape, 1, 9));
    const standing = withCodes(quantizer, quantizer.encode(ops, w, grid));
    const terms = ops.mul(grads["scale"]!, along);
    return {
      dW: grads["w"]!,
      products: ops.sum(ops.abs(terms)),
      predicted: ops.sum(terms),
      change: loss(standing, w, along),
    };
  });
  ops.dispose([w, ...tensorsOf(grid)]);
  const [dWData, wantedDW] = [(await taken(ops, dW)).data, (await taken(ops, direction)).data];
  const [size, given, wanted] = [await number(ops, products), await number(ops, predicted), await number(ops, change)];
  if (quantizer.backward) {
    const finite = dWData.every(Number.isFinite) && Number.isFinite(size);
    return finite ? [] : ["backward gives gradients that are not finite"];
  }
  const bad = dWData.findIndex((value, i) => value !== wantedDW[i]);
  return [
    ...(bad < 0 ? [] : [`the gradient of weight ${bad} is ${dWData[bad]}, not the ${wantedDW[bad]} that came in`]),
    ...(Math.abs(given - wanted) <= 1e-4 * size
      ? []
      : [`the gradient of the scale predicts ${given}; it is ${wanted}`]),
  ];
}

/** Every tensor that is made is returned or disposed. */
export async function leaksNothing(checked: CheckedQuantizer): Problems {
  const { quantizer, ops } = checked;
  const before = ops.memory().tensors;
  const { w, grid } = calibrated(checked);
  ops.dispose([quantizer.encode(ops, w, grid), fakeQuantize(ops, quantizer, w, grid)]);
  const forward = ops.memory().tensors - before - 1 - tensorsOf(grid).length;
  const { value, grads } = ops.valueAndGrads({ ...grid, weights: w }, ({ weights: rows, ...rest }) => ({
    loss: ops.sum(fakeQuantize(ops, quantizer, rows!, rest as unknown as Grid)),
    aux: {},
  }));
  ops.dispose([value, ...Object.values(grads), w, ...tensorsOf(grid)]);
  const all = ops.memory().tensors - before;
  return all === 0 ? [] : [`${forward} tensors are left over forward, ${all - forward} backward; tidy them`];
}

/** A weight that is NaN or infinite is refused, with its row. */
export async function refusesNonFinite({ quantizer, ops, weights }: CheckedQuantizer): Problems {
  const row = 4;
  const problems: string[] = [];
  for (const value of [NaN, Infinity, -Infinity]) {
    const data = weights.data.slice();
    data[row * weights.shape[1]! + 5] = value;
    const refusal = await problemOf(() => packMatrix(ops, quantizer, { shape: weights.shape, data }));
    if (!(refusal instanceof QsaeError && refusal.message.includes(`row ${row}`)))
      problems.push(
        `${value} in row ${row} is not refused with a QsaeError that names the row, but: ${String(refusal)}`,
      );
  }
  return problems;
}

/** Of a quantizer with `per: g` among its options: rows that groups of g do not fill are refused, with both numbers. */
export async function refusesPartialGroups({ quantizer, ops, weights }: CheckedQuantizer): Problems {
  const { per } = quantizer.options;
  if (typeof per !== "number" || per === 1) return [];
  const [rows, cols] = [weights.shape[0]!, weights.shape[1]! + 1];
  const refusal = await problemOf(() => ops.tidy(() => quantizer.calibrate(ops, ops.fill([rows, cols], 1))));
  const clear = refusal instanceof UsageError && [cols, per].every((count) => refusal.message.includes(String(count)));
  return clear
    ? []
    : [
        `${cols} weights in groups of ${per} are not refused with a UsageError that names both, but: ${String(refusal)}`,
      ];
}

/** The same codes on another backend, but for weights within float32 rounding of a threshold, which may fall on either side. */
export async function sameCodes(checked: CheckedQuantizer, other: TensorOps): Problems {
  const codesOn = async (ops: TensorOps): Promise<HostData> => {
    const codes = ops.tidy(() => {
      const { w, grid } = calibrated({ ...checked, ops });
      return checked.quantizer.encode(ops, w, grid);
    });
    return (await taken(ops, codes)).data;
  };
  const [here, there] = [await codesOn(checked.ops), await codesOn(other)];
  const different = here.filter((code, i) => code !== there[i]).length;
  return different <= here.length * 0.005 ? [] : [`${different} of ${here.length} codes differ`];
}

const planesOf = ({ dequantize }: Quantizer): readonly number[] =>
  dequantize.kind === "sum" ? [dequantize.planes] : [];

const tensorsOf = (grid: Grid): Tensor[] => Object.values(grid);

/** Rounding gives -0, integers have none: the same weight. */
const withoutNegativeZero = (data: HostData): Float32Array => Float32Array.from(data, (value) => value + 0);

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, i) => size === b[i]);

function calibrated({ quantizer, ops, weights }: CheckedQuantizer): { readonly w: Tensor; readonly grid: Grid } {
  const w = ops.fromHost(weights);
  return { w, grid: quantizer.calibrate(ops, w) };
}

/** The quantizer that gives these codes whatever the weights. */
const withCodes = (quantizer: Quantizer, codes: Tensor): Quantizer => ({
  ...quantizer,
  encode: (ops) => ops.mul(codes, 1),
});

async function quantizedTwice(
  checked: CheckedQuantizer,
): Promise<{ readonly first: Float32Array; readonly second: Float32Array }> {
  const { quantizer, ops } = checked;
  const [first, second] = ops.tidy(() => {
    const { w, grid } = calibrated(checked);
    const once = fakeQuantize(ops, quantizer, w, grid);
    return [once, fakeQuantize(ops, quantizer, once, grid)] as const;
  });
  return {
    first: (await taken(ops, first)).data as Float32Array,
    second: (await taken(ops, second)).data as Float32Array,
  };
}

async function taken(ops: TensorOps, tensor: Tensor): Promise<HostTensor> {
  const host = await ops.read(tensor);
  ops.dispose(tensor);
  return host;
}

const number = async (ops: TensorOps, tensor: Tensor): Promise<number> => (await taken(ops, tensor)).data[0]!;

async function problemOf(run: () => unknown): Promise<unknown> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error;
  }
}
