import type { LatentCodes } from "./calibration/latent-codes.ts";

/**
 * `sum += E[z_j row]` over the `rows [tokens, d]` of the tokens where latent j fires. Four tokens at a time: the sum is read and
 * written once for them, which is most of the time otherwise.
 */
export function addWeightedRows(
  sum: Float64Array,
  rows: Float32Array,
  { tokens: n, byLatent: { offsets, tokens, values } }: Pick<LatentCodes, "tokens" | "byLatent">,
  j: number,
): void {
  const width = sum.length;
  const end = offsets[j + 1]!;
  let entry = offsets[j]!;
  for (; entry + 4 <= end; entry += 4) {
    const from0 = tokens[entry]! * width;
    const from1 = tokens[entry + 1]! * width;
    const from2 = tokens[entry + 2]! * width;
    const from3 = tokens[entry + 3]! * width;
    const z0 = values[entry]! / n;
    const z1 = values[entry + 1]! / n;
    const z2 = values[entry + 2]! / n;
    const z3 = values[entry + 3]! / n;
    for (let d = 0; d < width; d++) {
      sum[d]! += z0 * rows[from0 + d]! + z1 * rows[from1 + d]! + z2 * rows[from2 + d]! + z3 * rows[from3 + d]!;
    }
  }
  for (; entry < end; entry++) {
    const from = tokens[entry]! * width;
    const z = values[entry]! / n;
    for (let d = 0; d < width; d++) sum[d]! += z * rows[from + d]!;
  }
}
