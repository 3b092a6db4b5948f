import { UsageError, type PackedSae } from "@qsae/runtime";

type Shaped = Pick<PackedSae, "dIn" | "stages">;

export function isSameShape(a: Shaped, b: Shaped): boolean {
  return shapeOf(a) === shapeOf(b);
}

/**
 * That two SAEs can be compared weight by weight.
 *
 * @throws UsageError naming both shapes if they do not have the same number of stages, latents and dimensions
 */
export function requireSameShape(caller: string, sae: Shaped, reference: Shaped): void {
  if (isSameShape(sae, reference)) return;
  throw new UsageError(
    `${caller}: the SAE has dictionaries ${shapeOf(sae)}, the reference ${shapeOf(reference)}; ` +
      `compare an SAE with the float one it was quantized from`,
  );
}

/** `[2048, 256]`, one per stage. */
function shapeOf({ dIn, stages }: Shaped): string {
  return stages.map(({ dSae }) => `[${dSae}, ${dIn}]`).join(" ");
}
