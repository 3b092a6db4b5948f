/** tfjs's ops and their gradients with tensors that are larger than a binding, which give what whole ones give. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../contracts/backend.ts";
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import { backendsHere } from "../../testing/backends-here.ts";
import { openWebGpuBackend } from "./open-webgpu-backend.ts";

/** Tensors of more than 256 numbers are in parts. */
const BINDING = 1024;

const here = await backendsHere(["webgpu"]);

/** Of so many numbers that tfjs does not compute it on the CPU. */
const MATRIX = [37, 31] as const;

type Compute = (ops: TensorOps) => Readonly<Record<string, Tensor>>;

async function results({ ops }: Backend, compute: Compute): Promise<Record<string, readonly number[]>> {
  const made = ops.tidy(() => compute(ops));
  const read = Object.entries(made).map(async ([name, a]) => [name, [...(await ops.read(a)).data]] as const);
  const data = Object.fromEntries(await Promise.all(read));
  ops.dispose(Object.values(made));
  return data;
}

const normal = (ops: TensorOps, shape: readonly number[], seed: number): Tensor => ops.randomNormal(shape, 1, seed);

/** Of a matrix, by rows: what sums of everything need at once is more than these bindings. */
const total = (ops: TensorOps, a: Tensor): Tensor => ops.sum(ops.sum(a, 1));

const UNARY = {
  neg: (ops, a) => ops.neg(a),
  abs: (ops, a) => ops.abs(a),
  square: (ops, a) => ops.square(a),
  sqrt: (ops, a) => ops.sqrt(ops.add(ops.abs(a), 0.1)),
  exp: (ops, a) => ops.exp(a),
  log: (ops, a) => ops.log(ops.add(ops.abs(a), 0.1)),
  relu: (ops, a) => ops.relu(a),
  sigmoid: (ops, a) => ops.sigmoid(a),
  clipByValue: (ops, a) => ops.clipByValue(a, -0.5, 0.7),
  round: (ops, a) => ops.round(a),
  floor: (ops, a) => ops.floor(a),
  sign: (ops, a) => ops.sign(a),
  toInt32: (ops, a) => ops.mul(ops.toInt32(ops.mul(a, 3)), 2),
  greaterThanNumber: (ops, a) => ops.greater(a, 0.1),
  fromNumber: (ops, a) => ops.sub(1, a),
} satisfies Record<string, (ops: TensorOps, a: Tensor) => Tensor>;

const BINARY = {
  add: (ops, a, b) => ops.add(a, b),
  sub: (ops, a, b) => ops.sub(a, b),
  mul: (ops, a, b) => ops.mul(a, b),
  div: (ops, a, b) => ops.div(a, ops.add(ops.abs(b), 0.5)),
  minimum: (ops, a, b) => ops.minimum(a, b),
  maximum: (ops, a, b) => ops.maximum(a, b),
  greater: (ops, a, b) => ops.greater(a, b),
  greaterEqual: (ops, a, b) => ops.greaterEqual(a, b),
  equal: (ops, a, b) => ops.equal(ops.round(a), ops.round(b)),
  where: (ops, a, b) => ops.where(ops.greater(ops.detach(a), ops.detach(b)), a, b),
} satisfies Record<string, (ops: TensorOps, a: Tensor, b: Tensor) => Tensor>;

const NOT_DIFFERENTIABLE = [
  "round",
  "floor",
  "sign",
  "toInt32",
  "greaterThanNumber",
  "greater",
  "greaterEqual",
  "equal",
];

/** A shape whose rows fit a binding and that does not, and one that broadcasts to it. */
const shapes = fc
  .record({
    dims: fc.constantFrom([300], [3, 257], [7, 130], [64, 9], [40, 3, 5], [2, 30, 6], [5, 1, 77], [1, 260, 2]),
    lacks: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    rank: fc.integer({ min: 0, max: 3 }),
    swapped: fc.boolean(),
  })
  .map(({ dims, lacks, rank, swapped }) => {
    const other = dims.map((size, d) => (lacks[d] ? 1 : size)).slice(Math.min(rank, dims.length));
    return swapped ? [other, dims] : [dims, other];
  })
  .map((both) => both as [number[], number[]])
  // Where rows themselves are shared by all, they must fit.
  .filter(([a, b]) => !(a.length === 2 && a[1] === 257 && b.at(-1) === 257) && !(b[1] === 257 && a.at(-1) === 257));

describe.each(here)("in parts on %s", () => {
  let whole: Backend;
  let parts: Backend;
  beforeAll(async () => {
    whole = await openWebGpuBackend();
    parts = await openWebGpuBackend({ bindingBytes: BINDING });
  });
  afterAll(async () => {
    expect([whole, parts].map(({ ops }) => ops.memory().bytes)).toEqual([0, 0]);
    for (const backend of [whole, parts]) await backend.close();
  });
  const expectSame = async (compute: Compute): Promise<void> =>
    expect(await results(parts, compute)).toEqual(await results(whole, compute));

  it.each(Object.keys(UNARY) as (keyof typeof UNARY)[])("%s, and its gradient", async (name) => {
    await expectSame((ops) => {
      const a = normal(ops, MATRIX, 1);
      const f = (x: Tensor): Tensor => ops.mul(UNARY[name](ops, x), normal(ops, MATRIX, 2));
      if (NOT_DIFFERENTIABLE.includes(name)) return { value: f(a) };
      const { grads } = ops.valueAndGrads({ a }, (p) => ({ loss: total(ops, f(p["a"]!)), aux: {} }));
      return { value: f(a), ...grads };
    });
  });

  it("elementwise, whatever broadcasts to what", async () => {
    const names = fc.constantFrom(...(Object.keys(BINARY) as (keyof typeof BINARY)[]));
    await fc.assert(
      fc.asyncProperty(names, shapes, fc.nat(100), async (name, [a, b], seed) => {
        await expectSame((ops) => ({ out: BINARY[name](ops, normal(ops, a, seed), normal(ops, b, seed + 1)) }));
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  it("gradients of both sides, summed over what was broadcast", async () => {
    for (const name of ["add", "sub", "mul", "div", "where"] as const) {
      await expectSame((ops) => {
        const params = { a: normal(ops, MATRIX, 1), b: normal(ops, [MATRIX[0], 1], 2) };
        const loss = (p: Tensors): Tensor => total(ops, ops.square(BINARY[name](ops, p["a"]!, p["b"]!)));
        return ops.valueAndGrads(params, (p) => ({ loss: loss(p), aux: {} })).grads;
      });
    }
  });

  it("largest numbers, and sums of rows, over any axes", async () => {
    await expectSame((ops) => {
      const [a, b] = [normal(ops, MATRIX, 1), normal(ops, [6, 30, 7], 2)];
      return {
        all: ops.max(a),
        allOfThree: ops.max(b),
        keeps: ops.max(a, undefined, true),
        ...Object.fromEntries([0, 1].map((axis) => [`max ${axis}`, ops.max(a, axis)])),
        ...Object.fromEntries([0, 1, 2].map((axis) => [`max ${axis} of three`, ops.max(b, axis, true)])),
        rows: ops.sum(a, 1),
        means: ops.mean(a, 1, true),
        ...Object.fromEntries([1, 2].map((axis) => [`sum ${axis} of three`, ops.sum(b, axis)])),
        ...ops.valueAndGrads({ a }, (p) => ({ loss: ops.sum(ops.square(ops.max(p["a"]!, 1))), aux: {} })).grads,
      };
    });
  });

  it("numbers that are moved, and their gradients", async () => {
    await expectSame((ops) => {
      const [a, b] = [normal(ops, MATRIX, 1), normal(ops, [6, 30, 7], 2)];
      const picked = Int32Array.from({ length: 50 }, (_, i) => (i * 17) % 37);
      const indices = ops.tensor(picked, [50]);
      const columns = ops.tensor(Int32Array.of(30, 0, 7, 7), [4]);
      const moved = (p: Tensor): Record<string, Tensor> => ({
        rows: ops.slice(p, [5, 0], [20, 31]),
        columns: ops.slice(p, [0, 3], [37, 9]),
        both: ops.slice(p, [1, 2], [30, 20]),
        below: ops.concat([p, ops.neg(p)], 0),
        beside: ops.concat([p, ops.slice(p, [0, 4], [37, 3]), p], 1),
      });
      const { grads } = ops.valueAndGrads({ a }, (p) => {
        const each = Object.values(moved(p["a"]!)).map((one) => total(ops, ops.square(one)));
        return { loss: each.reduce((sum, one) => ops.add(sum, one)), aux: {} };
      });
      return {
        ...grads,
        ...moved(a),
        ofThree: ops.slice(b, [1, 2, 3], [4, 20, 2]),
        plane: ops.slice(b, [3, 0, 0], [1, 30, 7]),
        nothing: ops.slice(b, [3, 0, 0], [0, 30, 7]),
        layers: ops.concat([b, b], 1),
        drawn: ops.gather(a, indices),
        drawnNumbers: ops.gather(ops.reshape(a, [-1]), indices),
        drawnColumns: ops.gather(a, columns, 1),
        drawnOften: ops.gather(
          ops.slice(a, [0, 0], [4, 31]),
          ops.tensor(
            picked.map((i) => i % 4),
            [50],
          ),
        ),
        zeros: ops.zeros(MATRIX),
        filled: ops.fill(MATRIX, 0.1),
        integers: ops.slice(ops.concat([ops.toInt32(ops.mul(a, 9)), ops.toInt32(a)], 0), [30, 1], [20, 9]),
        switches: ops.concat([ops.greater(a, 0), ops.equal(a, a)], 1),
      };
    });
  });

  const products = [
    ["left", 70, 7, 3],
    ["right", 3, 40, 9],
    ["result", 20, 2, 19],
    ["all", 17, 18, 19],
  ] as const;
  it.each(products)("products whose %s is larger: [%i, %i] times as many rows of %i", async (_, m, k, n) => {
    const compute: Compute = (ops) => {
      const out: Record<string, Tensor> = {};
      for (const [left, right] of [
        [false, false],
        [false, true],
        [true, false],
        [true, true],
      ] as const) {
        const params = { a: normal(ops, left ? [k, m] : [m, k], 1), b: normal(ops, right ? [n, k] : [k, n], 2) };
        const weights = normal(ops, [m, n], 3);
        const multiplied = (p: Tensors): Tensor => ops.matMul(p["a"]!, p["b"]!, left, right);
        const { grads } = ops.valueAndGrads(params, (p) => ({
          loss: total(ops, ops.mul(multiplied(p), weights)),
          aux: {},
        }));
        const named = { value: multiplied(params), ...grads };
        for (const [name, a] of Object.entries(named)) out[`${name} ${left} ${right}`] = a;
      }
      return out;
    };
    const [expected, actual] = [await results(whole, compute), await results(parts, compute)];
    for (const [name, values] of Object.entries(expected)) {
      const apart = Math.hypot(...values.map((value, i) => value - actual[name]![i]!));
      expect(apart, name).toBeLessThanOrEqual(1e-6 * Math.hypot(...values));
    }
  });

  it("products do not depend on the parts", async () => {
    const larger = await openWebGpuBackend({ bindingBytes: 4 * BINDING });
    const compute: Compute = (ops) => ({
      out: ops.matMul(normal(ops, [17, 70], 1), normal(ops, [17, 70], 2), false, true),
    });
    expect(await results(parts, compute)).toEqual(await results(larger, compute));
    await larger.close();
  });
});
