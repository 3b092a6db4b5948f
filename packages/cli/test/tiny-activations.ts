/** Activations small enough to train on in a second: sparse combinations of a few random directions, with a mean. */
import { writeFile } from "node:fs/promises";
import { normals, seededRandom } from "@qsae/core";
import { encodeSafetensors } from "@qsae/runtime";

export const D_IN = 16;
const DIRECTIONS = 32;
const ACTIVE = 3;

export function tinyActivations(tokens: number, seed: number): Float32Array {
  const directions = normals(DIRECTIONS * D_IN, 1, 7); // the same for every seed: train and held-out data are of one kind
  const random = seededRandom(seed);
  const x = new Float32Array(tokens * D_IN).fill(0.5); // [tokens, d_in]
  for (let row = 0; row < tokens; row++) {
    for (let n = 0; n < ACTIVE; n++) {
      const direction = Math.floor(random() * DIRECTIONS);
      const strength = 1 + random();
      for (let i = 0; i < D_IN; i++) x[row * D_IN + i]! += strength * directions[direction * D_IN + i]!;
    }
  }
  return x;
}

/** Writes a `.safetensors` file of them; `change` may spoil the data first. */
export async function writeTinyActivations(
  path: string,
  { tokens = 2048, seed = 1, change }: { tokens?: number; seed?: number; change?: (x: Float32Array) => void } = {},
): Promise<void> {
  const data = tinyActivations(tokens, seed);
  change?.(data);
  await writeFile(path, encodeSafetensors({ activations: { shape: [tokens, D_IN], data } }));
}
