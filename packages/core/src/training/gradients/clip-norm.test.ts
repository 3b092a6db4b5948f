import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../contracts/backend.ts";
import { openBackend } from "../../backends/open-backend.ts";
import { normals } from "../../random.ts";
import { clippedByNorm, squaredNorms } from "./clip-norm.ts";

describe("clippedByNorm", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());

  const clip = async (grads: Readonly<Record<string, Float32Array>>, limit: number): Promise<number[][]> => {
    const { ops } = backend;
    const tensors = Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, ops.tensor(g, [g.length])]));
    const clipped = ops.tidy(() => clippedByNorm(ops, tensors, squaredNorms(ops, tensors), limit));
    const read = await Promise.all(Object.keys(grads).map((name) => ops.read(clipped[name]!)));
    ops.dispose([...Object.values(tensors), ...Object.values(clipped)]);
    return read.map(({ data }) => [...data]);
  };

  it("scales all gradients by one factor, to the limit", async () => {
    expect(await clip({ a: Float32Array.of(3, 0), b: Float32Array.of(-4) }, 1)).toEqual([
      [expect.closeTo(0.6), 0],
      [expect.closeTo(-0.8)],
    ]);
  });

  it("leaves shorter gradients bit for bit, zeros among them", async () => {
    const grads = { a: normals(50, 1, 1), b: new Float32Array(3) };
    expect(await clip(grads, 1e3)).toEqual(Object.values(grads).map((g) => [...g]));
    expect(await clip({ a: new Float32Array(2) }, 1)).toEqual([[0, 0]]);
  });

  it("never exceeds the limit and keeps the direction", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.double({ min: 1e-3, max: 10, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        async (seed, limit, size) => {
          const grads = { a: normals(7, size, seed), b: normals(3, size, seed + 1) };
          const before = Object.values(grads).flatMap((g) => [...g]);
          const after = (await clip(grads, limit)).flat();
          const norm = Math.hypot(...after);
          expect(norm).toBeLessThanOrEqual(limit * (1 + 1e-5));
          const factor = norm / Math.hypot(...before);
          after.forEach((value, i) => expect(value).toBeCloseTo(before[i]! * factor, 3));
        },
      ),
      { numRuns: 30 },
    );
  });
});
