/**
 * The parity rule: what "the same as the reference" means for one tensor. Every entry a is within 1e-4 |b| + 1e-5 max|b| of
 * the golden b. After several Adam steps up to 0.1 % of the entries may exceed that by at most two learning-rate steps,
 * because Adam amplifies rounding where its second moment is tiny.
 */
import type { HostTensor } from "@qsae/runtime";

const RELATIVE = 1e-4;
const OF_LARGEST = 1e-5;
const OUTLIER_SHARE = 1e-3;
const OUTLIER_STEPS = 2;

/** @param adamLr learning rate, where the tensor went through several Adam steps. @returns what is wrong, if anything */
export function parityProblem(given: HostTensor, golden: HostTensor, adamLr?: number): string | undefined {
  if (given.shape.join() !== golden.shape.join()) {
    return `shape is [${given.shape.join(", ")}]; the golden has [${golden.shape.join(", ")}]`;
  }
  let largest = 0;
  for (const b of golden.data) largest = Math.max(largest, Math.abs(b));
  const allowedOutliers = adamLr === undefined ? 0 : Math.floor(OUTLIER_SHARE * golden.data.length);
  const outlierReach = OUTLIER_STEPS * (adamLr ?? 0);
  let outliers = 0;
  for (const [i, b] of golden.data.entries()) {
    const a = given.data[i]!;
    const excess = Math.abs(a - b) - (RELATIVE * Math.abs(b) + OF_LARGEST * largest);
    if (excess <= 0) continue;
    outliers++;
    if (!(excess <= outlierReach) || outliers > allowedOutliers) {
      return `entry ${i} is ${a}; the golden has ${b} (largest ${largest}; entry over the tolerance no. ${outliers} of ${allowedOutliers} allowed)`;
    }
  }
  return undefined;
}
