/** Nested prefixes of the latents: `[m_1 < m_2 < ... < d_sae]`, each a dictionary by itself. */
import { UsageError } from "@qsae/runtime";

/**
 * Where prefixes end. Given as shares of d_sae, all at most 1 (rounded up; those that fall together are one), or as numbers of
 * latents.
 *
 * @throws UsageError unless they ascend and the last one is the whole dictionary
 */
export function prefixEndsOf(variant: string, dSae: number, prefixes: readonly number[]): readonly number[] {
  const areShares = prefixes.every((prefix) => prefix <= 1);
  const sizes = areShares ? prefixes.map((share) => Math.ceil(share * dSae)) : prefixes;
  const problem = prefixes.some((prefix, i) => i > 0 && prefix <= prefixes[i - 1]!)
    ? "they must ascend"
    : sizes.some((size) => !Number.isInteger(size))
      ? "they must be shares of at most 1, or whole numbers of latents"
      : sizes.at(-1) !== dSae
        ? `the last must be the whole dictionary, 1 or d_sae=${dSae}`
        : undefined;
  if (problem) throw new UsageError(`variant ${variant}: prefixes=[${prefixes.join(", ")}]: ${problem}`);
  return [...new Set(sizes)];
}
