import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normals } from "@qsae/core";
import { conjugateGradients, type LinearSystem, type Vector } from "./conjugate-gradients.ts";
import { solveInFloat64 } from "./solve-with-factor.fixture.ts";
import { upperFactor } from "./upper-factor.ts";

/** A system whose unknowns are in two parts, and its dense matrix. Its diagonal grows to 100 times its start. */
function randomSystem(first: number, second: number, seed: number) {
  const n = first + second;
  const a = normals(n * n, 1, seed);
  const h = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const stretch = Math.sqrt((1 + (99 * i) / n) * (1 + (99 * j) / n));
      for (let d = 0; d < n; d++) h[i * n + j]! += (stretch * a[i * n + d]! * a[j * n + d]!) / n;
      if (i === j) h[i * n + j]! += stretch * 0.2;
    }
  }
  const parted = (whole: Float64Array): Vector => [whole.slice(0, first), whole.slice(first)];
  let products = 0;
  const system = (rhs: Float64Array): LinearSystem => ({
    product: (v) => {
      products++;
      const flat = [...v[0]!, ...v[1]!];
      const moved = new Float64Array(n);
      for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) moved[i]! += h[i * n + k]! * flat[k]!;
      return Promise.resolve(parted(moved));
    },
    rhs: parted(rhs),
    diagonal: parted(Float64Array.from({ length: n }, (_, i) => h[i * n + i]!)),
  });
  return { h, n, system, products: () => products };
}

describe("conjugateGradients", () => {
  it("finds what a dense solver finds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.nat(6), fc.nat(), async (first, second, seed) => {
        const { h, n, system } = randomSystem(first, second, seed);
        const rhs = Float64Array.from(normals(n, 1, seed + 1));
        const found = await conjugateGradients(system(rhs), { iterations: 200, tolerance: 1e-10 });
        upperFactor(h, n);
        solveInFloat64(h, n, rhs, 1);
        expect(found.map((part) => part.length)).toEqual([first, second]);
        const flat = [...found[0]!, ...found[1]!];
        for (let i = 0; i < n; i++) expect(flat[i]).toBeCloseTo(rhs[i]!, 6);
      }),
      { numRuns: 30 },
    );
  });

  it("comes nearer with every iteration", async () => {
    const { h, n, system } = randomSystem(20, 10, 3);
    const rhs = Float64Array.from(normals(n, 1, 4));
    /** `x^T H x / 2 - x^T rhs`, which the solution minimises */
    const objective = (x: Vector): number => {
      const flat = x.flatMap((part) => [...part]);
      return flat.reduce(
        (sum, value, i) => sum + value * (flat.reduce((p, other, k) => p + h[i * n + k]! * other, 0) / 2 - rhs[i]!),
        0,
      );
    };
    let before = 0;
    for (const iterations of [1, 2, 4, 8, 16]) {
      const now = objective(await conjugateGradients(system(rhs), { iterations, tolerance: 0 }));
      expect(now).toBeLessThan(before);
      before = now;
    }
  });

  it("is 0 for a right-hand side of 0, without a product", async () => {
    const { n, system, products } = randomSystem(3, 2, 1);
    const found = await conjugateGradients(system(new Float64Array(n)), { iterations: 10 });
    expect(found).toEqual([new Float64Array(3), new Float64Array(2)]);
    expect(products()).toBe(0);
  });

  it("ends early where the tolerance is met", async () => {
    const { n, system, products } = randomSystem(10, 5, 2);
    await conjugateGradients(system(Float64Array.from(normals(n, 1, 1))), { iterations: 100, tolerance: 0.5 });
    expect(products()).toBeLessThan(8);
  });
});
