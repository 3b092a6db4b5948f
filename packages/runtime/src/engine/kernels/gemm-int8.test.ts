import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { openEngines, place } from "../../../test/engines.ts";
import { gemmInt8 } from "./gemm-int8.ts";

const engines = await openEngines();
afterAll(() => engines.close());

const size = fc.oneof(fc.constantFrom(0, 1, 2, 4, 5, 6, 8, 9, 17, 33), fc.nat(70));

describe.each(engines.all)("gemmInt8, $name", ({ engine }) => {
  /** Bytes from a seed, with the extremes of their range among them. */
  const bytes = (count: number, low: number, high: number, seed: number): number[] =>
    Array.from({ length: count }, (_, i) => {
      const mixed = Math.imul(i + seed, 0x9e3779b1) >>> 8;
      return i % 7 === 0 ? (i % 2 === 0 ? low : high) : low + (mixed % (high - low + 1));
    });
  function multiply(a: number[], b: number[], m: number, n: number, k: number): Int32Array {
    const [left, right] = [engine.alloc(a.length), engine.alloc(b.length)];
    const block = place(engine);
    const out = block.emptyInts(m * n);
    engine.u8(left, a.length).set(a);
    engine.u8(right, b.length).set(b.map((code) => code & 0xff));
    try {
      gemmInt8(engine, { a: left, b: right, out: out.at, m, n, k });
      return out.read();
    } finally {
      block.free();
      engine.free(left);
      engine.free(right);
    }
  }

  it("is exact for every shape, extremes included", () => {
    fc.assert(
      fc.property(size, size, size, fc.nat(1000), (m, n, k, seed) => {
        const [a, b] = [bytes(m * k, 0, 127, seed), bytes(n * k, -128, 127, seed + 1)];
        const expected = Array.from({ length: m * n }, (_, p) => {
          const [i, j] = [Math.floor(p / n), p % n];
          let sum = 0;
          for (let q = 0; q < k; q++) sum += a[i * k + q]! * b[j * k + q]!;
          return sum;
        });
        expect([...multiply(a, b, m, n, k)]).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it("leaves no memory behind", () => {
    const before = engine.liveBytes;
    multiply(bytes(30, 0, 127, 1), bytes(42, -128, 127, 2), 5, 7, 6);
    expect(engine.liveBytes).toBe(before);
  });

  it("refuses sums that could overflow", () => {
    expect(() => gemmInt8(engine, { a: 0, b: 0, out: 0, m: 1, n: 1, k: 200_000 })).toThrow(UsageError);
  });
});
