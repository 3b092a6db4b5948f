/** Gradients against differences of the same weights, in two numbers. In float64. */
import type { StraightThroughMismatch } from "../../../contracts/reporter.ts";

/** A weight with its straight-through gradient, and what a step of its code does. */
export interface ComparedWeight {
  readonly gradient: number;
  /** `dL / dq` */
  readonly difference: number;
  /** What the rounding of the two losses may have made of `difference`. */
  readonly uncertainty: number;
}

/** Differences are told from rounding where all of them together are this many times as large as their uncertainties. */
const LEAST_RESOLVED = 10;

export function mismatchOf(compared: readonly ComparedWeight[]): StraightThroughMismatch {
  const norm = (of: (weight: ComparedWeight) => number): number => Math.hypot(...compared.map(of));
  const [weights, ofGradients] = [compared.length, norm(({ gradient }) => gradient)];
  const ofDifferences = norm(({ difference }) => difference);
  const resolved = ofDifferences > LEAST_RESOLVED * norm(({ uncertainty }) => uncertainty);
  if (!resolved || !Number.isFinite(ofDifferences) || !Number.isFinite(ofGradients)) return { weights };
  const relativeError = norm(({ gradient, difference }) => gradient - difference) / ofDifferences;
  if (ofGradients === 0) return { weights, relativeError };
  const product = compared.reduce(
    (sum, { gradient, difference }) => sum + (gradient / ofGradients) * (difference / ofDifferences),
    0,
  );
  return { weights, cosine: Math.max(-1, Math.min(1, product)), relativeError };
}
