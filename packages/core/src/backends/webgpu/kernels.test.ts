/**
 * Our kernels against the oracle, at sizes that fit no tile; with matrices that are bound whole and in parts; with and without
 * subgroups.
 */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { elementCount } from "@qsae/runtime";
import type { Backend } from "../../contracts/backend.ts";
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import { arraySource } from "../../array-source.ts";
import { normals } from "../../random.ts";
import { backendsHere } from "../../testing/backends-here.ts";
import { recorded } from "../../training/run.fixture.ts";
import { tinySae } from "../../training/variants.fixture.ts";
import { openBackend } from "../open-backend.ts";
import { openWebGpuBackend } from "./open-webgpu-backend.ts";

const PLAIN = { subgroups: false };
/** Matrices of more than 16384 numbers are in parts. */
const SMALL_BINDINGS = 2 ** 16;

const here = await backendsHere(["webgpu"]);

type Results = Readonly<Record<string, Tensor>>;

async function results(backend: Backend, compute: (ops: TensorOps) => Results): Promise<Record<string, Float32Array>> {
  const made = backend.ops.tidy(() => compute(backend.ops));
  const read = Object.entries(made).map(async ([name, a]) => [name, (await backend.ops.read(a)).data] as const);
  const data = Object.fromEntries(await Promise.all(read)) as Record<string, Float32Array>;
  backend.ops.dispose(Object.values(made));
  return data;
}

function expectClose(actual: Record<string, Float32Array>, expected: Record<string, Float32Array>, bound = 1e-5): void {
  for (const [name, values] of Object.entries(expected)) {
    expect(actual[name]!.length, name).toBe(values.length);
    const norm = Math.hypot(...values);
    const apart = Math.hypot(...values.map((value, i) => value - actual[name]![i]!));
    expect(apart, name).toBeLessThanOrEqual(bound * norm);
  }
}

/** To the bit; where not, the first that differs. */
function expectSame(actual: Record<string, Float32Array>, expected: Record<string, Float32Array>): void {
  for (const [name, values] of Object.entries(expected)) {
    const at = values.findIndex((value, i) => !Object.is(value, actual[name]![i]));
    expect({ name, at, value: actual[name]![at] }).toEqual({ name, at: -1, value: undefined });
  }
}

interface Sizes {
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
  readonly seed: number;
}

/** Everything that is done to a dictionary in a step. */
function everything(ops: TensorOps, { n, dIn, dSae, k, seed }: Sizes): Results {
  const normal = (shape: readonly number[], stream: number): Tensor => ops.randomNormal(shape, 1, 10 * seed + stream);
  const params: Tensors = {
    x: normal([n, dIn], 1),
    wEnc: normal([dIn, dSae], 2),
    bEnc: normal([dSae], 3),
    center: normal([dIn], 4),
    wDec: normal([dSae, dIn], 5),
  };
  const { grads, aux } = ops.valueAndGrads(params, ({ x, wEnc, bEnc, center, wDec }) => {
    const latents = ops.encodeTopK(x!, wEnc!, bEnc!, k, center);
    const decoded = ops.decodeSparse(latents, wDec!);
    const fired = ops.countFired({ ...latents, values: ops.relu(latents.values) });
    return {
      loss: ops.sum(ops.mul(decoded, normal([n, dIn], 6))),
      aux: { ...latents, dSae: ops.zeros([1]), decoded, fired },
    };
  });
  const unit = ops.normalizeRows(params["wDec"]!, 1e-8);
  const slot = ops.adamStep(
    {
      param: normal([dSae, dIn], 5),
      m: normal([dSae, dIn], 7),
      v: ops.mul(normal([dSae, dIn], 8), normal([dSae, dIn], 8)),
    },
    grads["wDec"]!,
    {
      lr: 0.01,
      step: 3,
    },
  );
  return {
    ...aux,
    ...Object.fromEntries(Object.entries(grads).map(([name, grad]) => [`gradient of ${name}`, grad])),
    unit,
    parallel: ops.removeParallel(grads["wDec"]!, unit),
    ...slot,
    transposed: ops.transpose(params["wEnc"]!),
  };
}

/** Sizes around tiles of 16, 64 and 256, and of 1. */
const sizes = fc
  .record({
    n: fc.constantFrom(1, 2, 63, 65, 130),
    dIn: fc.constantFrom(1, 3, 15, 17, 33),
    dSae: fc.constantFrom(1, 5, 64, 65, 260),
    share: fc.constantFrom(0, 0.1, 0.5, 1),
    seed: fc.nat(1000),
  })
  .map(({ share, ...rest }) => ({ ...rest, k: Math.max(1, Math.round(share * Math.min(rest.dSae, 80))) }))
  .map((all) => (all.k >= 80 && all.dSae > 80 ? { ...all, n: 2, k: all.dSae } : all));

describe.each(here)("kernels on %s", () => {
  let cpu: Backend;
  let whole: Backend;
  let parts: Backend;
  let withSubgroups: Backend;
  beforeAll(async () => {
    cpu = await openBackend("cpu");
    whole = await openWebGpuBackend({ features: PLAIN });
    parts = await openWebGpuBackend({ features: PLAIN, bindingBytes: SMALL_BINDINGS });
    withSubgroups = await openWebGpuBackend();
  });
  afterAll(async () => {
    for (const backend of [whole, parts, withSubgroups]) {
      expect(backend.ops.memory()).toEqual({ tensors: expect.any(Number) as number, bytes: 0 });
      await backend.close();
    }
    await cpu.close();
  });

  it("do what the oracle does, at any size", async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async (size) => {
        const expected = await results(cpu, (ops) => everything(ops, size));
        expectClose(await results(whole, (ops) => everything(ops, size)), expected);
      }),
      { numRuns: 12, seed: 7 },
    );
  });

  it("do the same in parts, bit for bit", async () => {
    const size = { n: 200, dIn: 48, dSae: 776, k: 6, seed: 1 };
    const [one, many] = [
      await results(whole, (ops) => everything(ops, size)),
      await results(parts, (ops) => everything(ops, size)),
    ];
    expectSame(many, one);
  });

  it("do the same with subgroups", async () => {
    const size = { n: 20, dIn: 70, dSae: 90, k: 5, seed: 2 };
    const more = (ops: TensorOps): Results => ({
      ...everything(ops, size),
      ...sums(ops, [3, 5000], 1),
      ...grid(ops, [9, 12], [9, 4], 1),
    });
    const expected = await results(whole, more);
    const actual = await results(withSubgroups, more);
    expectClose(actual, expected);
    expectSame(await results(withSubgroups, more), actual);
  });

  it("run more workgroups than a device has along one dimension", async () => {
    const n = 70_000;
    const { decoded } = await results(whole, (ops) => ({
      decoded: ops.decodeSparse(
        {
          values: ops.tensor(
            Float32Array.from({ length: n }, (_, i) => i),
            [n, 1],
          ),
          indices: ops.zeros([n, 1], "int32"),
          dSae: 1,
        },
        ops.tensor([2], [1, 1]),
      ),
    }));
    expect(decoded!.findIndex((value, i) => value !== 2 * i)).toBe(-1);
  });

  it("sort the tokens of a latent that many share, and of one that a token has twice", async () => {
    const [n, dIn, dSae] = [300, 5, 4];
    // Latent 1 on all tokens, latent 2 twice on each, latents 0 and 3 on some.
    const indices = Int32Array.from({ length: 4 * n }, (_, e) => [e % 8 === 0 ? 0 : 3, 1, 2, 2][e % 4]!);
    const compute = (ops: TensorOps): Results => {
      const values = ops.randomNormal([n, 4], 1, 3);
      const latents = { values, indices: ops.tensor(indices, [n, 4]), dSae };
      const { grads } = ops.valueAndGrads({ wDec: ops.randomNormal([dSae, dIn], 1, 4) }, ({ wDec }) => ({
        loss: ops.sum(ops.mul(ops.decodeSparse(latents, wDec!), ops.randomNormal([n, dIn], 1, 5))),
        aux: {},
      }));
      return grads;
    };
    const first = await results(whole, compute);
    expectSame(await results(whole, compute), first);
    const doubled = new Float64Array(dSae * dIn);
    const [values, dy] = [normals(4 * n, 1, 3), normals(n * dIn, 1, 5)];
    indices.forEach((latent, e) => {
      for (let c = 0; c < dIn; c++) doubled[latent * dIn + c]! += values[e]! * dy[Math.floor(e / 4) * dIn + c]!;
    });
    expectClose(first, { wDec: Float32Array.from(doubled) });
  });

  it("choose the largest of a batch, ties to the first, at any count", async () => {
    // Few different numbers, negative ones and both zeros among them.
    const number = fc.constantFrom(-2.5, -0, 0, 1, 1, 3);
    const batch = fc.array(fc.oneof(number, fc.float({ noNaN: true, noDefaultInfinity: true })), {
      minLength: 1,
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(
        batch,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.constantFrom(1, 150),
        async (some, share, times) => {
          const values = Array.from({ length: some.length * times }, (_, i) => some[(i * 7) % some.length]!);
          const count = Math.round(share * values.length);
          const order = Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
          const expected = values.map(() => 0);
          for (const at of order.slice(0, count)) expected[at] = 1;
          const { kept } = await results(whole, (ops) => {
            const all = ops.tensor(values, [values.length, 1]);
            return {
              kept: ops.valueAndGrads({ all }, (p) => ({ loss: ops.sum(ops.batchTopK(p["all"]!, count)), aux: {} }))
                .grads["all"]!,
            };
          });
          expect([...kept!]).toEqual(expected);
        },
      ),
      { numRuns: 20, seed: 8 },
    );
  });

  it.each([
    [1, 1],
    [1, 9000],
    [300, 3],
    [300, 60],
    [1, 20_480],
    [1000, 1],
    [7, 4097],
  ])("add up a [%i, %i] and multiply it by a vector", async (rows, columns) => {
    const compute = (ops: TensorOps): Results => sums(ops, [rows, columns], 5);
    const one = await results(whole, compute);
    expectClose(one, await results(cpu, compute));
    if (rows === 300) expectSame(await results(parts, compute), one);
  });

  it.each([
    [
      [1, 1],
      [1, 1],
    ],
    [
      [5, 12],
      [5, 1],
    ],
    [
      [5, 12],
      [1, 1],
    ],
    [
      [5, 12],
      [5, 3],
    ],
    [
      [5, 12],
      [1, 4],
    ],
    [
      [400, 48],
      [400, 2],
    ],
  ] as const)("quantize a %j with scales %j", async (shape, scaleShape) => {
    const compute = (ops: TensorOps): Results => grid(ops, shape, scaleShape, 3);
    const one = await results(whole, compute);
    const { codes, values, ...gradients } = await results(cpu, compute);
    expect(one["codes"]).toEqual(codes);
    expect(one["values"]).toEqual(values);
    expectClose(one, gradients, 1e-4); // sums that nearly cancel
    expectSame(await results(parts, compute), one);
  });

  it("multiply few rows by a long inner dimension the same way every time", async () => {
    const compute = (ops: TensorOps): Results => ({
      product: ops.matMul(ops.randomNormal([12, 3000], 1, 1), ops.randomNormal([3000, 14], 1, 2)),
    });
    const first = await results(whole, compute);
    expectClose(first, await results(cpu, compute));
    expectSame(await results(whole, compute), first);
  });

  it("train with matrices in parts as with whole ones, clipping and accumulation included", async () => {
    const [dIn, dSae] = [40, 700];
    const train = (backend: Backend) =>
      recorded({
        backend,
        source: arraySource(normals(256 * dIn, 1, 1), dIn),
        variant: tinySae({ dIn, dSae, k: 4 }),
        training: { steps: 2, batch_size: 32, accumulation_steps: 2, clip_grad_norm: 1e-3 },
      });
    const [one, many] = [await train(whole), await train(parts)];
    expect(many.events.map(({ losses }) => losses)).toEqual(one.events.map(({ losses }) => losses));
    expect(many.result.checkpoint).toEqual(one.result.checkpoint);
  });

  it("choose the largest of a batch in parts", async () => {
    const compute = (ops: TensorOps): Results => ({ kept: ops.batchTopK(ops.randomNormal([200, 150], 1, 1), 7000) });
    expectSame(await results(parts, compute), await results(whole, compute));
  });

  it("see the weights that Adam has changed", async () => {
    const [dIn, dSae, k] = [5, 20, 3];
    const compute = (ops: TensorOps): Results => {
      const normal = (shape: readonly number[], seed: number): Tensor => ops.randomNormal(shape, 1, seed);
      const encode = (wEnc: Tensor): Tensor => ops.encodeTopK(normal([4, dIn], 1), wEnc, ops.zeros([dSae]), k).values;
      const param = normal([dIn, dSae], 2);
      const before = encode(param);
      const zeros = () => ops.zeros([dIn, dSae]);
      const slot = ops.adamStep({ param, m: zeros(), v: zeros() }, normal([dIn, dSae], 3), { lr: 0.5, step: 1 });
      return { before, after: encode(slot.param), ...slot };
    };
    expectClose(await results(whole, compute), await results(cpu, compute));
  });

  it("have zero gradients for no tokens", async () => {
    const compute = (ops: TensorOps): Results => everything(ops, { n: 0, dIn: 4, dSae: 6, k: 2, seed: 1 });
    const { unit, transposed, param, m, v, ...rest } = await results(whole, compute);
    for (const [name, values] of Object.entries(rest))
      expect(
        values.every((value) => value === 0),
        name,
      ).toBe(true);
    expect([unit, transposed, param, m, v].every((values) => values!.some((value) => value !== 0))).toBe(true);
  });

  it("refuse what cannot be done in parts, with the bytes it needs and those there are", () => {
    const { ops } = parts;
    const before = ops.memory();
    ops.tidy(() => {
      const [wide, row] = [ops.zeros([2, 20_480]), ops.zeros([1, 20_480])];
      const indices = ops.zeros([20_480, 1], "int32");
      const live = ops.memory().tensors;
      for (const use of [() => ops.add(wide, row), () => ops.max(wide, 1), () => ops.matMul(wide, wide, false, true)]) {
        expect(() => ops.tidy(use)).toThrow(
          "webgpu: 1 rows of 81920 bytes need 81920 bytes at once; kernels of this device see at most 65536",
        );
      }
      const latents = { values: ops.zeros([20_480, 1]), indices, dSae: 1 };
      expect(() => ops.tidy(() => ops.countFired(latents))).toThrow(
        "webgpu: the kernel count-latents needs 81920 bytes at once; kernels of this device see at most 65536",
      );
      expect(ops.memory().tensors).toBe(live + 1);
    });
    expect(ops.memory()).toEqual(before);
  });
});

/** Sums and means, whole and of rows; times a vector, and times itself. */
function sums(ops: TensorOps, shape: readonly [number, number], seed: number): Results {
  const a = ops.add(ops.randomNormal(shape, 1, seed), 0.5);
  const flat = elementCount(shape);
  return {
    sum: ops.sum(a),
    mean: ops.mean(a),
    columns: ops.sum(a, 0),
    planes: ops.sum(ops.reshape(a, [shape[0], 1, shape[1]]), 0),
    columnMeans: ops.mean(a, 0, true),
    ...(4 * shape[1] <= SMALL_BINDINGS ? { rows: ops.sum(a, 1) } : {}),
    timesVector: ops.matMul(a, ops.fill([shape[1], 1], 0.25)),
    square: ops.matMul(ops.reshape(a, [1, flat]), ops.reshape(a, [flat, 1])),
  };
}

function grid(
  ops: TensorOps,
  shape: readonly [number, number],
  scaleShape: readonly [number, number],
  seed: number,
): Results {
  const [w, dy] = [ops.randomNormal(shape, 1, seed), ops.randomNormal(shape, 1, seed + 1)];
  const scale = ops.add(ops.abs(ops.randomNormal(scaleShape, 0.2, seed + 2)), 0.1);
  const codes = ops.gridCodes(w, scale, { min: -4, max: 3, rounding: "down" });
  return {
    codes,
    nearest: ops.gridCodes(w, scale, { min: -1, max: 1, rounding: "nearest" }),
    values: ops.gridValues(codes, scale, 0.5),
    gradient: ops.gridScaleGradient(dy, codes, scale, 0.5),
  };
}
