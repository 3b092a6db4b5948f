import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { normals, openBackend, type Backend } from "@qsae/core";
import { positiveDefinite, solveInFloat64 } from "./solve-with-factor.fixture.ts";
import { solveWithFactor } from "./solve-with-factor.ts";
import { upperFactor } from "./upper-factor.ts";

const sizes = fc.oneof(fc.constantFrom(1, 2, 63, 64, 65, 128, 150), fc.integer({ min: 1, max: 80 }));

describe("solveWithFactor", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());

  it("solves H x = rhs for every column, in float64 and in panels on a backend", async () => {
    const { ops } = backend;
    const before = ops.memory().tensors;
    await fc.assert(
      fc.asyncProperty(sizes, fc.constantFrom(1, 3, 8), fc.nat(), async (n, cols, seed) => {
        const h = positiveDefinite(n, seed);
        const x = Float64Array.from(normals(n * cols, 1, seed + 1));
        const rhs = new Float64Array(n * cols);
        for (let i = 0; i < n; i++) {
          for (let k = 0; k < n; k++) {
            for (let c = 0; c < cols; c++) rhs[i * cols + c]! += h[i * n + k]! * x[k * cols + c]!;
          }
        }
        upperFactor(h, n);
        const exact = rhs.slice();
        solveInFloat64(h, n, exact, cols);
        expect(worst(exact, x)).toBeLessThan(1e-10 * n);
        await solveWithFactor(ops, h, n, rhs, cols);
        // What a panel asks of others is summed up in float32, 2^-24 a term; H's condition is below 100.
        expect(worst(rhs, x)).toBeLessThan(100 * n * 2 ** -24);
      }),
      { numRuns: 30 },
    );
    expect(ops.memory().tensors).toBe(before);
  });
});

const worst = (a: Float64Array, b: Float64Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
