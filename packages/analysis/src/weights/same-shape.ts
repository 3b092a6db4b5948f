import { UsageError, type PackedSae } from "@qsae/runtime";

/**
 * That two SAEs can be compared weight by weight.
 *
 * @throws UsageError naming both shapes if they do not have the same number of stages, latents and dimensions
 */
export function requireSameShape(
  caller: string,
  sae: Pick<PackedSae, "dIn" | "stages">,
  reference: Pick<PackedSae, "dIn" | "stages">,
): void {
  const [given, wanted] = [shapeOf(sae), shapeOf(reference)];
  if (given === wanted) return;
  throw new UsageError(
    `${caller}: the SAE has dictionaries ${given}, the reference ${wanted}; ` +
      `compare an SAE with the float one it was quantized from`,
  );
}

/** `[2048, 256]`, one per stage. */
function shapeOf({ dIn, stages }: Pick<PackedSae, "dIn" | "stages">): string {
  return stages.map(({ dSae }) => `[${dSae}, ${dIn}]`).join(" ");
}
