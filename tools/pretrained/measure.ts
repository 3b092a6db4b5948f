/** A packed file on held-out activations, as the runtime does it. */
import { evaluateSae, evaluationSummary, standardMetrics } from "@qsae/analysis";
import { openActivations } from "@qsae/data";
import { loadSae } from "@qsae/runtime";

/** What a file says of itself: FVU, L0, and the latents that never fired in so many held-out tokens. */
export const measure = async (
  file: Uint8Array,
  name: string,
  heldout: string,
): Promise<Record<"fvu" | "l0" | "dead" | "tokens", number>> => {
  const source = await openActivations(heldout);
  try {
    const sae = loadSae(file, name);
    const evaluation = await evaluateSae(sae, source, { metrics: standardMetrics() });
    const { fvu, l0, dead, tokens } = evaluationSummary(evaluation, { dIn: sae.dIn, dSae: sae.dSae });
    return { fvu, l0, dead, tokens };
  } finally {
    await source.close();
  }
};
