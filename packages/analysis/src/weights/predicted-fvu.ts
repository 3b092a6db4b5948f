/**
 * What errors of atoms cost, foretold without running the quantized SAE:
 *
 *     dFVU = sum_j E[z_j^2] ||q_j - d_j||^2 / Var(x)
 *
 * with d_j the atoms of the float SAE, q_j those of the quantized one, both as they act on a reconstruction. It is the increase
 * of FVU if the latents stay as they are (a float encoder, or one that hardly changes) and errors of atoms that fire together
 * are uncorrelated with each other and with what the float SAE leaves unexplained. Which latents contribute most says where
 * bits are missing. The measured increase is the difference of the two FVUs.
 */
import { NonFiniteError, UsageError } from "@qsae/runtime";
import type { AtomSource } from "../cosine/unit-atoms.ts";
import type { LatentPower } from "../metrics/latent-power.ts";

export interface PredictedFvuIncrease {
  readonly total: number;
  /** `[d_sae]` what each latent adds. */
  readonly perLatent: Float64Array;
  /** `[d_sae]` `||q_j - d_j||^2` */
  readonly squaredErrors: Float64Array;
  /** Latents that add something, the worst first, of equal ones the lower; at most `worst`. */
  readonly worst: readonly { readonly latent: number; readonly increase: number }[];
}

/**
 * Names the `worst` latents, 20 by default.
 *
 * @param power of the float SAE's latents on the data
 * @throws UsageError if the three are not of one shape
 * @throws NonFiniteError naming the latent whose atom is NaN or infinite
 * @example
 * const { metrics } = await evaluateSae(float, heldOut, { metrics: { fvu: fvu(), power: latentPower() } });
 * const predicted = predictedFvuIncrease(quantized, float, metrics.power);
 * console.log(predicted.total, quantizedFvu - metrics.fvu, predicted.worst[0]);
 */
export function predictedFvuIncrease(
  quantized: AtomSource,
  float: AtomSource,
  { meanSquare, variance }: Pick<LatentPower, "meanSquare" | "variance">,
  { worst = 20 }: { readonly worst?: number } = {},
): PredictedFvuIncrease {
  requireOneShape(quantized, float, meanSquare.length);
  const squaredErrors = Float64Array.from({ length: float.dSae }, (_, j) => {
    const [q, d] = [quantized.atom(j), float.atom(j)]; // [d_in] each
    const squares = q.reduce((sum, value, c) => sum + (value - d[c]!) ** 2, 0);
    if (Number.isFinite(squares)) return squares;
    throw new NonFiniteError(`predictedFvuIncrease: the atom of latent ${j} is NaN or infinite; check both SAEs`);
  });
  const perLatent = squaredErrors.map((squares, j) => (meanSquare[j]! * squares) / variance);
  const byIncrease = Array.from(perLatent.keys())
    .filter((j) => perLatent[j]! > 0)
    .sort((i, j) => perLatent[j]! - perLatent[i]! || i - j);
  return {
    total: perLatent.reduce((sum, increase) => sum + increase, 0),
    perLatent,
    squaredErrors,
    worst: byIncrease.slice(0, worst).map((latent) => ({ latent, increase: perLatent[latent]! })),
  };
}

function requireOneShape(a: AtomSource, b: AtomSource, latents: number): void {
  if (a.dIn === b.dIn && a.dSae === b.dSae && b.dSae === latents) return;
  throw new UsageError(
    `predictedFvuIncrease: atoms [${a.dSae}, ${a.dIn}] against [${b.dSae}, ${b.dIn}] and powers of ${latents} latents; ` +
      `compare an SAE with the float one it was quantized from, and powers of its latents`,
  );
}
