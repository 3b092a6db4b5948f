/**
 * Losses of next-token predictions, natural logarithm, summed in float64:
 *
 *     log p(v) = logit_v - log sum_w exp(logit_w)
 *     CE = sum_t -log p_t(token_{t+1})
 *     KL(p || q) = sum_t sum_v p_t(v) (log p_t(v) - log q_t(v))
 *
 * Position t of a window predicts token t + 1, so its last position predicts nothing.
 */
import { NonFiniteError } from "@qsae/runtime";

export interface Predictions {
  /** `[n, context, vocabulary]` */
  readonly logits: Float32Array;
  readonly vocabulary: number;
  readonly context: number;
  /** `log sum_w exp(logit_w)`: `[n, context - 1]` */
  readonly normalizers: Float64Array;
}

/**
 * @param where what errors call window w
 * @throws NonFiniteError naming window and position of a logit that is NaN or infinite
 */
export function predictionsOf(
  logits: Float32Array,
  { n, context, vocabulary }: { readonly n: number; readonly context: number; readonly vocabulary: number },
  where: (window: number) => string,
): Predictions {
  const normalizers = new Float64Array(n * (context - 1));
  for (let row = 0; row < normalizers.length; row++) {
    const window = Math.floor(row / (context - 1));
    const position = row % (context - 1);
    const start = (window * context + position) * vocabulary;
    let max = -Infinity;
    for (let v = 0; v < vocabulary; v++) if (logits[start + v]! > max) max = logits[start + v]!;
    let sum = 0;
    // The smallest logit, -Infinity included, would pass as a probability of 0, which has no logarithm.
    let isFinite = true;
    for (let v = 0; v < vocabulary; v++) {
      const logit = logits[start + v]!;
      isFinite &&= logit - logit === 0;
      sum += Math.exp(logit - max);
    }
    if (!isFinite) {
      throw new NonFiniteError(`${where(window)}: the predictions at position ${position} are NaN or infinite`);
    }
    normalizers[row] = max + Math.log(sum);
  }
  return { logits, vocabulary, context, normalizers };
}

/**
 * Summed cross-entropy of the tokens that follow.
 *
 * @param ids `[n, context]`
 */
export function crossEntropySum({ logits, vocabulary, context, normalizers }: Predictions, ids: Int32Array): number {
  let sum = 0;
  for (let row = 0; row < normalizers.length; row++) {
    const at = row + Math.floor(row / (context - 1)); // position in [n, context]
    sum += normalizers[row]! - logits[at * vocabulary + ids[at + 1]!]!;
  }
  return sum;
}

/** Summed KL(p || q) of predictions of one shape. */
export function divergenceSum(p: Predictions, q: Predictions): number {
  const { vocabulary, context } = p;
  let sum = 0;
  for (let row = 0; row < p.normalizers.length; row++) {
    const start = (row + Math.floor(row / (context - 1))) * vocabulary;
    const shift = q.normalizers[row]! - p.normalizers[row]!;
    let divergence = 0;
    for (let v = start; v < start + vocabulary; v++) {
      const difference = p.logits[v]! - q.logits[v]! + shift; // log p - log q
      divergence += Math.exp(p.logits[v]! - p.normalizers[row]!) * difference;
    }
    // Rounding of the normalizers can take equal distributions below 0, by some 1e-16.
    sum += Math.max(0, divergence);
  }
  return sum;
}
