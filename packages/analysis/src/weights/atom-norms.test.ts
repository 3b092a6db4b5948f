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

it("knows the atoms of a mixed matrix by their latents; dropped ones have norm 0", () => {
  const float = floatMatrix([
    [3, 4],
    [6, 8],
  ]);
  const mixed = mixedMatrix([1, undefined, 0, 1], codeMatrix([[1, 0]], [2]), float);
  expect([...atomNorms(packedSae([mixed, mixed]))]).toEqual([5, 0, 2, 10]);
});
