import { expect, it } from "vitest";
import { atomNorms } from "./atom-norms.ts";
import { codeMatrix, floatMatrix, packedSae } from "./packed.fixture.ts";

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
