import fc from "fast-check";
import { expect, it } from "vitest";
import { atomNorms } from "./atom-norms.ts";
import { codeMatrix, floatMatrix, mixedMatrix, packedSae } from "./packed.fixture.ts";

it("gives the norm of every atom as stored, stage after stage", () => {
  const float = floatMatrix([
    [3, 4],
    [0, 0],
  ]);
  const ternary = codeMatrix(
    [
      [1, -1],
      [0, 1],
    ],
    [2, 0.5],
  );
  expect([...atomNorms(packedSae([float, float], [float, ternary]))]).toEqual([5, 0, Math.sqrt(8), 0.5]);
});

it("grows with its atom, and does not change when an atom is turned", () => {
  const value = fc.integer({ min: -9, max: 9 });
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 6 }), (rows) => {
      const norms = (change: (a: number, b: number) => number[]): readonly number[] => {
        const matrix = floatMatrix(rows.map(([a, b]) => change(a, b)));
        return [...atomNorms(packedSae([matrix, matrix]))];
      };
      const plain = norms((a, b) => [a, b]);
      expect(plain).toEqual(rows.map(([a, b]) => Math.sqrt(a * a + b * b)));
      expect(norms((a, b) => [-4 * a, -4 * b])).toEqual(plain.map((norm) => 4 * norm));
      expect(norms((a, b) => [-b, a])).toEqual(plain);
    }),
  );
});

it("knows the atoms of a mixed matrix by their latents; dropped ones have norm 0", () => {
  const float = floatMatrix([
    [3, 4],
    [6, 8],
  ]);
  const mixed = mixedMatrix([1, undefined, 0, 1], codeMatrix([[1, 0]], [2]), float);
  expect([...atomNorms(packedSae([mixed, mixed]))]).toEqual([5, 0, 2, 10]);
});
