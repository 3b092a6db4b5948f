/** Sparse combinations of 40 hidden directions plus an offset: data an SAE can explain. */
import { normals, seededRandom } from "@qsae/core";

/** `[tokens, d_in]` */
export function sparseData(tokens: number, dIn: number, seed: number): Float32Array {
  const directions = normals(40 * dIn, 0.5, 42);
  const random = seededRandom(seed);
  const x = new Float32Array(tokens * dIn).fill(1);
  for (let i = 0; i < tokens; i++) {
    for (let active = 0; active < 3; active++) {
      const [direction, value] = [Math.floor(random() * 40), 0.5 + random()];
      for (let j = 0; j < dIn; j++) x[i * dIn + j]! += value * directions[direction * dIn + j]!;
    }
  }
  return x;
}
