/** How d_sae latents are shared out over n levels: proportions 1, 1, 2, 4, ... 2^(n-2), each level twice the one before. */
import { UsageError } from "@qsae/runtime";

export interface Level {
  /** First latent. */
  readonly begin: number;
  readonly size: number;
}

/**
 * Rounded down, at least 1, the rest to the last level.
 *
 * @throws UsageError if that leaves nothing for the last level; 2^(count - 1) latents are always enough
 */
export function levelsOf(variant: string, dSae: number, count: number): readonly Level[] {
  const shares = 2 ** (count - 1);
  const sizes = Array.from({ length: count - 1 }, (_, i) =>
    Math.max(1, Math.floor((dSae * 2 ** Math.max(0, i - 1)) / shares)),
  );
  const last = dSae - sizes.reduce((a, b) => a + b, 0);
  if (last < 1) {
    throw new UsageError(
      `variant ${variant}: d_sae=${dSae} is too small for n_bits=${count} levels; widen the dictionary`,
    );
  }
  let begin = 0;
  return [...sizes, last].map((size) => {
    const level = { begin, size };
    begin += size;
    return level;
  });
}
