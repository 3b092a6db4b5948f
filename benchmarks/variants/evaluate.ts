/** Held-out figures of a trained SAE as it is stored: lowered, packed to bytes, read back. */
import { evaluateSae, fvu, fvuByLevel, l0, latentDensity } from "@qsae/analysis";
import { partsOf, type DataSource, type SaeCheckpoint, type TensorOps } from "@qsae/core";
import { bitsPerWeight, encodePackedSae, loadSae, type PackedSae } from "@qsae/runtime";
import { lowerCheckpoint } from "@qsae/variants";
import type { Measured } from "./cell.ts";
import { catalog } from "./cell-key.ts";

export type HeldoutFigures = Pick<
  Measured,
  "fvu" | "l0" | "dead_heldout" | "bits_per_weight" | "code_bits_per_weight" | "fvu_by_level"
>;

export async function evaluateCheckpoint(
  ops: TensorOps,
  checkpoint: SaeCheckpoint,
  heldout: DataSource,
  signal: AbortSignal,
): Promise<HeldoutFigures> {
  const packed = await lowerCheckpoint(ops, checkpoint, catalog);
  const sae = loadSae(encodePackedSae(packed), checkpoint.spec.variant);
  const metrics = { fvu: fvu(), l0: l0(), density: latentDensity() };
  // Small batches: Ctrl-C is noticed between them.
  const options = { batchSize: 1024, signal };
  const figures = (found: { fvu: number; l0: { mean: number }; density: { dead: number } }): HeldoutFigures => ({
    fvu: found.fvu,
    l0: found.l0.mean,
    dead_heldout: found.density.dead,
    bits_per_weight: bitsPerWeight(packed).dictionary,
    code_bits_per_weight: codeBitsPerWeight(packed),
  });
  if (sae.levels === 1) return figures((await evaluateSae(sae, heldout, { ...options, metrics })).metrics);
  const { metrics: found } = await evaluateSae(sae, heldout, {
    ...options,
    metrics: { ...metrics, byLevel: fvuByLevel(sae) },
  });
  return { ...figures(found), fvu_by_level: [...found.byLevel] };
}

/** Bits per weight of the dictionaries without their scales; 32 where they are float. */
function codeBitsPerWeight({ stages }: PackedSae): number {
  let bits = 0;
  let weights = 0;
  for (const { dictionary } of stages) {
    weights += dictionary.rows * dictionary.cols;
    for (const { matrix } of partsOf(dictionary)) {
      if (matrix.kind === "float32") bits += 32 * matrix.values.length;
      else for (const { packed } of matrix.planes) bits += 8 * packed.length;
    }
  }
  return bits / weights;
}
