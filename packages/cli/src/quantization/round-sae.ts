import { openBackend } from "@qsae/core";
import { quantizerName, roundToNearest, type RoundingTargets } from "@qsae/quantizers";
import type { PackedSae } from "@qsae/runtime";

/**
 * The SAE with rounded matrices, and what was done in words. Its description says so too, and loses the metrics of the
 * weights before.
 */
export async function roundSae(
  sae: PackedSae,
  targets: RoundingTargets,
): Promise<{ readonly packed: PackedSae; readonly method: string }> {
  const { encoder, dictionary } = targets;
  const method = [
    ...(encoder ? [`encoder ${quantizerName(encoder)}`] : []),
    ...(dictionary ? [`decoder ${quantizerName(dictionary)}`] : []),
  ].join(", ");
  const backend = await openBackend("auto");
  try {
    const rounded = await roundToNearest(backend.ops, sae, targets);
    const provenance = { ...rounded.description.provenance, rounded: method };
    return { packed: { ...rounded, description: { ...rounded.description, provenance, metrics: {} } }, method };
  } finally {
    await backend.close();
  }
}
