/** Which quantizer rounds which latent's row. */
import type { Quantizer } from "@qsae/core";

/** One for all, or one each; latents without are dropped. */
export type RowQuantizers = Quantizer | ((latent: number) => Quantizer | undefined);

/** Equal for quantizers that are the same by what files say about them. */
export const quantizerKey = ({ id, options }: Pick<Quantizer, "id" | "options">): string =>
  JSON.stringify([id, options]);

/** The quantizer of every latent `[d_sae]`: one value for all that are the same. */
export function quantizersOf(quantizer: RowQuantizers, dSae: number): (Quantizer | undefined)[] {
  const known = new Map<string, Quantizer>();
  return Array.from({ length: dSae }, (_, latent) => {
    const own = typeof quantizer === "function" ? quantizer(latent) : quantizer;
    if (!own) return undefined;
    const key = quantizerKey(own);
    const same = known.get(key) ?? own;
    known.set(key, same);
    return same;
  });
}

/** Row numbers of each quantizer, ascending. */
export function membersOf(quantizers: readonly (Quantizer | undefined)[]): Map<Quantizer, number[]> {
  const members = new Map<Quantizer, number[]>();
  for (const [at, quantizer] of quantizers.entries()) {
    if (!quantizer) continue;
    const same = members.get(quantizer);
    if (same) same.push(at);
    else members.set(quantizer, [at]);
  }
  return members;
}
