import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { gaussian, openEngines, place, sameBits } from "../../../test/engines.ts";
import type { Engine } from "../engine.ts";
import { binary } from "./binary.ts";
import { binaryOps, type BinaryOp } from "./elementwise-ops.ts";

const engines = await openEngines();
afterAll(() => engines.close());

/** In float64; the nearest float32 is the answer, also where float32 rounds twice (squaredDifference). */
const oracles: Readonly<Record<BinaryOp, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  squaredDifference: (a, b) => Math.fround(a - b) ** 2,
  greater: (a, b) => Number(a > b),
  greaterEqual: (a, b) => Number(a >= b),
  less: (a, b) => Number(a < b),
  lessEqual: (a, b) => Number(a <= b),
  equal: (a, b) => Number(a === b),
  notEqual: (a, b) => Number(a !== b),
};

const product = (shape: readonly number[]): number => shape.reduce((total, size) => total * size, 1);

/** numpy's rule, element by element. */
function naive(op: BinaryOp, a: Float32Array, aShape: readonly number[], b: Float32Array, bShape: readonly number[]) {
  const rank = Math.max(aShape.length, bShape.length);
  const padded = (shape: readonly number[]): number[] => [...Array<number>(rank - shape.length).fill(1), ...shape];
  const [aSizes, bSizes] = [padded(aShape), padded(bShape)];
  const shape = aSizes.map((size, axis) => (size === 1 ? bSizes[axis]! : size));
  const at = (index: readonly number[], sizes: readonly number[]): number =>
    index.reduce((offset, i, axis) => offset * sizes[axis]! + (sizes[axis] === 1 ? 0 : i), 0);
  return Float32Array.from({ length: product(shape) }, (_, flat) => {
    const index: number[] = [];
    for (let rest = flat, axis = rank - 1; axis >= 0; axis--) {
      index.unshift(rest % shape[axis]!);
      rest = Math.floor(rest / shape[axis]!);
    }
    return oracles[op](a[at(index, aSizes)]!, b[at(index, bSizes)]!);
  });
}

/** Numbers among which equal ones, zeros of both signs, infinities and NaN are frequent. */
function awkward(count: number, seed: number): Float32Array {
  const special = [0, -0, 1, -1, NaN, Infinity, -Infinity, 1e-40, 3e38];
  return gaussian(count, seed).map((value, i) => ((i * 7 + seed) % 3 === 0 ? special[(i + seed) % 9]! : value));
}

function apply(engine: Engine, op: BinaryOp, a: Float32Array, aShape: number[], b: Float32Array, bShape: number[]) {
  const block = place(engine);
  const length = naive(op, a, aShape, b, bShape).length;
  const [x, y, out] = [block.floats(a), block.floats(b), block.empty(length + 1)];
  binary(engine, op, { a: x.at, aShape, b: y.at, bShape, out: out.at });
  const result = out.read();
  expect(result[length]).toBeNaN();
  block.free();
  return result.subarray(0, length);
}

/** Two shapes that broadcast: of one shape, some sizes become 1, and leading dimensions go. */
const shapes = fc.array(fc.oneof(fc.constantFrom(0, 1, 3, 4, 7, 17), fc.nat(9)), { maxLength: 4 }).chain((shape) => {
  const part = fc
    .tuple(fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }), fc.nat(shape.length))
    .map(([repeats, dropped]) => shape.map((size, axis) => (repeats[axis] ? 1 : size)).slice(dropped));
  return fc.tuple(part, part);
});

describe.each(engines.all)("binary, $name", ({ engine }) => {
  it.each(binaryOps)("%s broadcasts as numpy does, special values included", (op) => {
    fc.assert(
      fc.property(shapes, fc.nat(100), ([aShape, bShape], seed) => {
        const [a, b] = [awkward(product(aShape), seed), awkward(product(bShape), seed + 1)];
        expect(apply(engine, op, a, aShape, b, bShape)).toEqual(naive(op, a, aShape, b, bShape));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    { what: "one shape", aShape: [33, 1000], bShape: [33, 1000] },
    { what: "a scalar on the right", aShape: [40_001], bShape: [] },
    { what: "a scalar on the left", aShape: [1, 1], bShape: [33, 1000] },
    { what: "a row vector", aShape: [333, 129], bShape: [129] },
    { what: "a column vector", aShape: [333, 129], bShape: [333, 1] },
    { what: "a column by a row", aShape: [333, 1], bShape: [1, 129] },
    { what: "rows longer than a tile", aShape: [3, 1, 20_000], bShape: [3, 2, 1] },
    { what: "every second dimension", aShape: [5, 1, 7, 1], bShape: [1, 6, 1, 300] },
  ])("large operands, cut into tiles: $what", ({ aShape, bShape }) => {
    const [a, b] = [awkward(product(aShape), 1), awkward(product(bShape), 2)];
    for (const op of ["sub", "less"] as const) {
      expect(sameValues(apply(engine, op, a, aShape, b, bShape), naive(op, a, aShape, b, bShape))).toBe(true);
    }
  });

  it("works in place in an operand of the full shape", () => {
    const block = place(engine);
    const [a, b] = [block.random(17 * 33, 1), block.random(33, 2)];
    binary(engine, "sub", { a: a.at, aShape: [17, 33], b: b.at, bShape: [33], out: a.at });
    expect(a.read()).toEqual(naive("sub", a.data, [17, 33], b.data, [33]));
    const left = a.read();
    binary(engine, "div", { a: b.at, aShape: [33], b: a.at, bShape: [17, 33], out: a.at });
    expect(a.read()).toEqual(naive("div", b.data, [33], left, [17, 33]));
    block.free();
  });

  it("says what it cannot do", () => {
    const at = { a: 0, b: 0, out: 0 };
    const shapesOf = (aShape: number[], bShape: number[]) => () => binary(engine, "add", { ...at, aShape, bShape });
    expect(shapesOf([2, 3], [2])).toThrow("binary: add of [2, 3] and [2]: dimensions must be equal or 1");
    expect(shapesOf([1, 1, 1, 1, 1], [2])).toThrow("5 dimensions; allowed: up to 4");
    expect(shapesOf([-1], [1])).toThrow(UsageError);
    expect(shapesOf([1.5], [1])).toThrow("aShape=1.5");
    expect(() => binary(engine, "pow" as BinaryOp, { ...at, aShape: [], bShape: [] })).toThrow(
      'unknown binary op "pow"',
    );
  });

  it("leaves memory as it found it", () => {
    const before = [engine.liveBytes, engine.liveBlocks];
    for (const op of binaryOps) apply(engine, op, gaussian(40_000, 1), [40_000], gaussian(1, 2), [1]);
    expect([engine.liveBytes, engine.liveBlocks]).toEqual(before);
  });
});

describe("binary", () => {
  it("gives the same bits on one thread, two threads and memory that is not shared", () => {
    const [a, b] = [gaussian(40_000, 1), gaussian(400, 2)];
    for (const op of binaryOps) {
      const [first, ...others] = engines.sameBuild.map(({ engine }) => apply(engine, op, a, [100, 400], b, [400]));
      for (const other of others) expect(sameBits(other, first!), op).toBe(true);
    }
  });
});

/** Object.is, element by element. */
const sameValues = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
