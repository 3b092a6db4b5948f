/** A least-squares scale per row by search: the usual absmax scale is up to four times worse at 2-4 bits. */
import type { Tensor, TensorOps } from "@qsae/core";
import type { ScaleFit } from "./scale-options.ts";
import { unlessZero } from "./scales.ts";

/** Largest weights are clipped to these shares of the maximum, in steps of 1/40: below 0.15 no Gaussian row has its optimum. */
const CLIP_SHARES = Array.from({ length: 36 }, (_, i) => (6 + i) / 40);

/** Levels (weights at scale 1) that w `[d_sae, d_in]` rounds to at a scale `[d_sae, 1]`. */
type RoundToLevels = (ops: TensorOps, w: Tensor, scale: Tensor) => Tensor;

export interface ScaleSearch {
  /** Of the levels' magnitudes: what the largest weight is clipped to. */
  readonly largestLevel: number;
  readonly round: RoundToLevels;
  /**
   * Other roundings of the same weights, at the same scale, that it serves too, with the weight of their squared error. The
   * weight of `round` is 1.
   */
  readonly others?: readonly { readonly weight: number; readonly round: RoundToLevels }[];
  /** Largest weights, as multiples of the largest level, to try. Default: {@link CLIP_SHARES}. */
  readonly shares?: readonly number[];
  /** Default: `least-squares`. */
  readonly fit?: ScaleFit;
}

/** Per row of w, the best of all clip shares, each followed by one least-squares refit of the scale to its codes: `[d_sae, 1]`. */
export function searchScale(ops: TensorOps, w: Tensor, search: ScaleSearch): Tensor {
  const { largestLevel, shares = CLIP_SHARES, fit = "least-squares" } = search;
  const largest = ops.max(ops.abs(w), 1, true); // [d_sae, 1]
  const positive = ops.where(ops.greater(largest, 0), largest, ops.fill(largest.shape, 1));
  let best = ops.mul(positive, 1 / largestLevel);
  if (fit === "least-squares") {
    let bestError = errorOf(ops, w, best, search);
    for (const share of shares) {
      [best, bestError] = ops.tidy(() => {
        const candidate = refitted(ops, w, ops.mul(positive, share / largestLevel), search);
        const error = errorOf(ops, w, candidate, search);
        const better = ops.greater(bestError, error);
        return [ops.where(better, candidate, best), ops.minimum(error, bestError)];
      });
    }
  }
  return unlessZero(ops, ops.mul(best, ops.greater(largest, 0)));
}

const roundings = ({ round, others = [] }: ScaleSearch): readonly { weight: number; round: RoundToLevels }[] => [
  { weight: 1, round },
  ...others,
];

/** The least-squares scale for the levels that w rounds to at `scale`; that, where all of them are zero. */
function refitted(ops: TensorOps, w: Tensor, scale: Tensor, search: ScaleSearch): Tensor {
  const parts = roundings(search).map(({ weight, round }) => {
    const levels = round(ops, w, scale); // [d_sae, d_in]
    return {
      product: ops.mul(ops.sum(ops.mul(w, levels), 1, true), weight),
      energy: ops.mul(ops.sum(ops.square(levels), 1, true), weight),
    };
  });
  const product = parts.map((part) => part.product).reduce((sum, part) => ops.add(sum, part));
  const energy = parts.map((part) => part.energy).reduce((sum, part) => ops.add(sum, part));
  const some = ops.greater(energy, 0);
  const fitted = ops.div(product, ops.where(some, energy, ops.fill(energy.shape, 1)));
  return ops.where(ops.greater(fitted, 0), fitted, scale);
}

function errorOf(ops: TensorOps, w: Tensor, scale: Tensor, search: ScaleSearch): Tensor {
  return ops.tidy(() =>
    roundings(search)
      .map(({ weight, round }) =>
        ops.mul(ops.sum(ops.square(ops.sub(w, ops.mul(round(ops, w, scale), scale))), 1, true), weight),
      )
      .reduce((sum, part) => ops.add(sum, part)),
  );
}
