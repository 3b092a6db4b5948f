import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { gaussian, openEngines, place, sameBits } from "../../../test/engines.ts";
import type { Engine } from "../engine.ts";
import { reduce, type ReduceOp } from "./reduce.ts";

const engines = await openEngines();
afterAll(() => engines.close());

type Sizes = readonly [outer: number, length: number, inner: number];

const folds: Readonly<Record<ReduceOp, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  mean: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  max: (values) => values.reduce((a, b) => Math.max(a, b), -Infinity),
  min: (values) => values.reduce((a, b) => Math.min(a, b), Infinity),
};
const ops = Object.keys(folds) as ReduceOp[];

/** In float64. */
function oracle(op: ReduceOp, x: Float32Array, [outer, length, inner]: Sizes): Float64Array {
  return Float64Array.from({ length: outer * inner }, (_, i) => {
    const start = Math.floor(i / inner) * length * inner + (i % inner);
    return folds[op](Array.from({ length }, (_unused, l) => x[start + l * inner]!));
  });
}

function apply(engine: Engine, op: ReduceOp, x: Float32Array, [outer, length, inner]: Sizes): Float32Array {
  const block = place(engine);
  const [from, out] = [block.floats(x), block.empty(outer * inner + 1)];
  reduce(engine, op, { x: from.at, out: out.at, outer, length, inner });
  const result = out.read();
  expect(result[outer * inner]).toBeNaN();
  block.free();
  return result.subarray(0, outer * inner);
}

const size = fc.oneof(fc.constantFrom(0, 1, 2, 3, 7, 16, 17, 33), fc.nat(70));

/** Sums within 1e-6 of what they would be if nothing cancelled; the rest exactly. */
const check = (engine: Engine, op: ReduceOp, x: Float32Array, sizes: Sizes): void => {
  const [actual, expected] = [apply(engine, op, x, sizes), oracle(op, x, sizes)];
  if (op === "max" || op === "min" || sizes[1] === 0) {
    expect(actual).toEqual(Float32Array.from(expected));
    return;
  }
  const magnitude = oracle(op, x.map(Math.abs), sizes);
  const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!) / magnitude[i]!), 0);
  expect(worst).toBeLessThan(1e-6);
};

describe.each(engines.all)("reduce, $name", ({ engine }) => {
  it.each(ops)("%s is that of float64, for every shape", (op) => {
    fc.assert(
      fc.property(size, size, size, fc.nat(1000), (outer, length, inner, seed) => {
        check(engine, op, gaussian(outer * length * inner, seed), [outer, length, inner]);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    { what: "rows", sizes: [1000, 333, 1] },
    { what: "rows longer than a block", sizes: [5, 10_001, 1] },
    { what: "columns", sizes: [1, 1000, 333] },
    { what: "columns of more blocks than one block holds", sizes: [1, 70_001, 3] },
    { what: "more columns than a strip", sizes: [2, 17, 2500] },
    { what: "all of a million", sizes: [1, 1_000_003, 1] },
  ] as const)("large inputs: $what", ({ sizes }) => {
    const x = gaussian(sizes[0] * sizes[1] * sizes[2], 1);
    for (const op of ops) check(engine, op, x, sizes);
  });

  it.each([
    { sizes: [1, 37, 1] as const },
    { sizes: [1, 9000, 1] as const },
    { sizes: [1, 37, 6] as const },
    { sizes: [1, 700, 6] as const },
  ])("takes NaN to NaN and infinities to what they are, wherever they stand: $sizes", ({ sizes }) => {
    const [, length, inner] = sizes;
    for (const at of [0, 1, 15, 16, 35, length - 1]) {
      const x = gaussian(length * inner, 4);
      x[at * inner] = NaN;
      for (const op of ops) expect(apply(engine, op, x, sizes)[0]).toBeNaN();
      x[at * inner] = -Infinity;
      expect(apply(engine, "min", x, sizes)[0]).toBe(-Infinity);
      expect(apply(engine, "sum", x, sizes)[0]).toBe(-Infinity);
      expect(apply(engine, "max", x, sizes)[0]).toBeGreaterThan(0);
    }
  });

  it("reduces nothing to what leaves everything as it is", () => {
    const nothing = new Float32Array(0);
    expect([...apply(engine, "sum", nothing, [2, 0, 1])]).toEqual([0, 0]);
    expect([...apply(engine, "mean", nothing, [2, 0, 1])]).toEqual([NaN, NaN]);
    expect([...apply(engine, "max", nothing, [1, 0, 2])]).toEqual([-Infinity, -Infinity]);
    expect([...apply(engine, "min", nothing, [1, 0, 2])]).toEqual([Infinity, Infinity]);
  });

  it("says what it cannot do", () => {
    const at = { x: 0, out: 0, outer: 1, length: 1, inner: 1 };
    expect(() => reduce(engine, "prod" as ReduceOp, at)).toThrow(
      'unknown reduction "prod"; allowed: sum, mean, max, min',
    );
    expect(() => reduce(engine, "toString" as ReduceOp, at)).toThrow(UsageError);
    expect(() => reduce(engine, "sum", { ...at, inner: -1 })).toThrow("inner=-1");
  });

  it("leaves memory as it found it", () => {
    const before = [engine.liveBytes, engine.liveBlocks];
    apply(engine, "sum", gaussian(100_000, 5), [1, 100_000, 1]);
    expect([engine.liveBytes, engine.liveBlocks]).toEqual(before);
  });
});

describe("reduce", () => {
  it.each([[1, 200_000, 1] as const, [500, 400, 1] as const, [1, 500, 400] as const, [3, 70, 1000] as const])(
    "gives the same bits on one thread, two threads and memory that is not shared: %i, %i, %i",
    (...sizes) => {
      const x = gaussian(sizes[0] * sizes[1] * sizes[2], 6);
      for (const op of ops) {
        const [first, ...others] = engines.sameBuild.map(({ engine }) => apply(engine, op, x, sizes));
        for (const other of others) expect(sameBits(other, first!), op).toBe(true);
      }
    },
  );
});
