/** How far two encoders agree on which latents fire. */
import { UsageError, type Latents } from "@qsae/runtime";

export interface SupportOverlap {
  /** `2 |A and B| / (|A| + |B|)` over all tokens, A and B what fires (Dice 1945); |A and B| / k where both have k. 1 where nothing fires. */
  readonly overlap: number;
  /** Share of tokens on which the sets differ. */
  readonly changedTokens: number;
}

/** Sums over tokens, which add up over batches. */
export interface SupportCounts {
  readonly tokens: number;
  /** On which the sets differ. */
  readonly changed: number;
  /** `|A and B|` */
  readonly common: number;
  /** `|A| + |B|` */
  readonly fired: number;
}

/** @throws UsageError unless both are of as many tokens and latents */
export const supportOverlap = (a: Latents, b: Latents): SupportOverlap => overlapOf(supportCounts(a, b));

/** The ratios of counts, of one batch or of many added up. */
export function overlapOf({ tokens, changed, common, fired }: SupportCounts): SupportOverlap {
  return { overlap: fired === 0 ? 1 : (2 * common) / fired, changedTokens: tokens === 0 ? 0 : changed / tokens };
}

/** @throws UsageError unless both are of as many tokens and latents */
export function supportCounts(a: Latents, b: Latents): SupportCounts {
  const tokens = a.offsets.length - 1;
  if (b.offsets.length - 1 !== tokens || a.dSae !== b.dSae) {
    throw new UsageError(
      `supportOverlap: ${tokens} tokens of ${a.dSae} latents against ${b.offsets.length - 1} of ${b.dSae}; give the same tokens through encoders of the same latents`,
    );
  }
  let [common, changed] = [0, 0];
  for (let token = 0; token < tokens; token++) {
    const [endA, endB] = [a.offsets[token + 1]!, b.offsets[token + 1]!];
    let [i, j, same] = [a.offsets[token]!, b.offsets[token]!, 0];
    const [countA, countB] = [endA - i, endB - j];
    while (i < endA && j < endB) {
      const difference = a.indices[i]! - b.indices[j]!;
      if (difference === 0) same++;
      if (difference <= 0) i++;
      if (difference >= 0) j++;
    }
    common += same;
    if (same < countA || same < countB) changed++;
  }
  return { tokens, changed, common, fired: a.indices.length + b.indices.length };
}
