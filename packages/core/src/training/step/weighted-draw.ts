/**
 * A weighted draw without replacement (Efraimidis & Spirakis 2006, "Weighted random sampling with a reservoir"): entry i
 * gets the key -ln(u_i) / w_i, and the `count` smallest keys are drawn. One draw picks i with probability w_i / sum w.
 */
import { seededRandom } from "../../random.ts";

/** Different indices, in the order drawn; entries of weight 0 never are, so there may be fewer than `count`. */
export function weightedDraw(weights: ArrayLike<number>, count: number, seed: number): readonly number[] {
  const random = seededRandom(seed);
  const keys = Float64Array.from(weights, (weight) => -Math.log(1 - random()) / weight);
  return Array.from(keys, (_, i) => i)
    .filter((i) => weights[i]! > 0)
    .sort((i, j) => keys[i]! - keys[j]! || i - j)
    .slice(0, count);
}
