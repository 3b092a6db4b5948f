/**
 * A sparse dictionary whose mask moves while it trains (Evci et al. 2020, "Rigging the lottery", section 3, RigL). Every
 * `everySteps` steps, until `untilFraction` of the run, the share
 *
 *     f(t) = dropFraction / 2 (1 + cos(pi t / T_end))
 *
 * of the active weights is dropped, those of smallest magnitude, and as many inactive ones grow, those of largest dense gradient
 * |dL/dw|. Just-dropped weights may grow again, and then stay as they were; others start from 0 with no Adam moments, and
 * what was dropped has none left that would move it.
 */
import type { Constraint } from "./constraint.ts";
import { largest, MASK, maskGradient } from "./mask.ts";

export interface DropAndGrowOptions {
  /** Share of the active weights that the first update drops: alpha. */
  readonly dropFraction: number;
  /** Steps from one update to the next: Delta T. */
  readonly everySteps: number;
  /** Share of the run after which the mask stays as it is: T_end. */
  readonly untilFraction: number;
  /** Active weights, of the whole dictionary. */
  readonly active: number;
}

export const dropAndGrow = (options: DropAndGrowOptions): Constraint => ({
  afterBackward: (ops, params, grads) => ({ ...grads, W_dec: maskGradient(ops, grads["W_dec"]!, params) }),
  afterStep: (ops, params, { step, progress, gradients }) => {
    if (step % options.everySteps !== 0) return { params };
    const count = Math.floor(dropShare(options, progress) * options.active);
    if (count === 0) return { params };
    const [w, mask] = [params["W_dec"]!, params[MASK]!]; // [d_sae, d_in]
    const kept = largest(ops, ops.abs(w), mask, options.active - count);
    const grown = largest(ops, ops.abs(gradients["W_dec"]!), ops.sub(1, kept), count);
    const next = ops.add(kept, grown);
    const changed = ops.abs(ops.sub(next, mask)); // 1 where dropped, and where grown anew
    return {
      params: { ...params, W_dec: ops.mul(w, ops.mul(mask, next)), [MASK]: next },
      fresh: { W_dec: changed },
    };
  },
});

/** Share of the active weights that an update at `progress` drops. */
export function dropShare(
  { dropFraction, untilFraction }: Pick<DropAndGrowOptions, "dropFraction" | "untilFraction">,
  progress: number,
): number {
  return progress < untilFraction ? (dropFraction / 2) * (1 + Math.cos((Math.PI * progress) / untilFraction)) : 0;
}
