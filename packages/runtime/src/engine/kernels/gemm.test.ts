import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { openEngines, place, relativeError } from "../../../test/engines.ts";
import { gemm } from "./gemm.ts";

const engines = await openEngines();
afterAll(() => engines.close());

/** `op(a) op(b) + bias` in float64. */
function oracle(
  a: Float32Array,
  b: Float32Array,
  [m, n, k]: readonly [number, number, number],
  [transposeA, transposeB]: readonly [boolean, boolean],
  bias?: Float32Array,
): Float64Array {
  const out = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let sum = bias?.[j] ?? 0;
      for (let q = 0; q < k; q++)
        sum += a[transposeA ? q * m + i : i * k + q]! * b[transposeB ? j * k + q : q * n + j]!;
      out[i * n + j] = sum;
    }
  }
  return out;
}

const size = fc.oneof(fc.constantFrom(0, 1, 2, 5, 6, 7, 8, 9, 17, 33, 65), fc.nat(130));

describe.each(engines.all)("gemm, $name", ({ engine }) => {
  it("sums up millions of equal terms without losing any: a row times a column", () => {
    const k = 2 ** 22 + 5;
    const block = place(engine);
    const [row, out] = [block.floats(new Float32Array(k).fill(0.1)), block.empty(1)];
    gemm(engine, { a: row.at, b: row.at, out: out.at, m: 1, n: 1, k });
    // Chains of 512 terms (16 of them side by side) in float32, these in float64.
    expect(Math.abs(out.read()[0]! / (k * Math.fround(0.1) ** 2) - 1)).toBeLessThan(512 * 2 ** -24);
    block.free();
  });

  it("equals the float64 product for every transposition and every odd shape", () => {
    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        (m, n, k, transposeA, transposeB, withBias) => {
          const block = place(engine);
          const [a, b, bias] = [block.random(m * k, 1), block.random(k * n, 2), block.random(n, 3)];
          const out = block.empty(m * n);
          gemm(engine, {
            a: a.at,
            b: b.at,
            out: out.at,
            m,
            n,
            k,
            transposeA,
            transposeB,
            ...(withBias ? { bias: bias.at } : {}),
          });
          const expected = oracle(
            a.data,
            b.data,
            [m, n, k],
            [transposeA, transposeB],
            withBias ? bias.data : undefined,
          );
          expect(relativeError(out.read(), expected)).toBeLessThan(1e-5);
          block.free();
        },
      ),
      { numRuns: 60 },
    );
  });

  it("blocks long sums without changing a bit of them: one chain, k ascending", () => {
    const [m, n, k] = [13, 19, 777];
    const block = place(engine);
    const [a, b] = [block.random(m * k, 4), block.random(k * n, 5)];
    const [out, resumed] = [block.empty(m * n), block.empty(n)];
    gemm(engine, { a: a.at, b: b.at, out: out.at, m, n, k });
    // One row by scaled sums, which is the same chain.
    gemm(engine, { a: a.at + 4 * k * 7, b: b.at, out: resumed.at, m: 1, n, k });
    expect([...resumed.read()]).toEqual([...out.read().subarray(7 * n, 8 * n)]);
    block.free();
  });

  it("leaves no block behind, also when it runs out of memory", () => {
    const before = engine.liveBytes;
    const block = place(engine);
    const [a, out] = [block.random(100 * 100, 6), block.empty(100 * 100)];
    gemm(engine, { a: a.at, b: a.at, out: out.at, m: 100, n: 100, k: 100 });
    block.free();
    expect(engine.liveBytes).toBe(before);
  });

  it("names the size that is none", () => {
    expect(() => gemm(engine, { a: 0, b: 0, out: 0, m: 2, n: -1, k: 2 })).toThrow(UsageError);
    expect(() => gemm(engine, { a: 0, b: 0, out: 0, m: 2, n: 2.5, k: 2 })).toThrow("n=2.5");
  });
});

describe("gemm", () => {
  it("gives the same bits on one thread, two threads and memory that is not shared", () => {
    const [m, n, k] = [150, 230, 310];
    const results = engines.sameBuild.map(({ engine }) => {
      const block = place(engine);
      const [a, b] = [block.random(m * k, 7), block.random(k * n, 8)];
      const out = block.empty(m * n);
      gemm(engine, { a: a.at, b: b.at, out: out.at, m, n, k });
      const result = [...out.read()];
      block.free();
      return result;
    });
    for (const result of results) expect(result).toEqual(results[0]);
  });
});
