/** Beside every SAE: the float SAE that it is or was made from, rounded to few bits. */
import type { RoundedSae } from "@qsae/analysis";
import { haveComparableWeights } from "@qsae/analysis";
import type { Backend, DataSource } from "@qsae/core";
import type { OpenedSae } from "../open-sae.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { isFloat, roundToBits } from "./round-to-bits.ts";

export interface RoundingOptions {
  readonly reference?: OpenedSae;
  readonly terminal: Pick<Terminal, "progress">;
  readonly signal: AbortSignal;
}

/**
 * What `roundToBits` gives for the reference of each SAE, where its weights compare, or the SAE itself; undefined where
 * neither is float. A float SAE is rounded once, however many were made from it.
 */
export async function roundedReferences(
  backend: Backend,
  saes: readonly OpenedSae[],
  source: DataSource,
  { reference, terminal, signal }: RoundingOptions,
): Promise<readonly (readonly RoundedSae[] | undefined)[]> {
  const floats = saes.map((sae) =>
    reference !== undefined && isFloat(reference.packed) && haveComparableWeights(sae.packed, reference.packed)
      ? reference
      : isFloat(sae.packed)
        ? sae
        : undefined,
  );
  const rounded = new Map<OpenedSae | undefined, readonly RoundedSae[]>();
  for (const float of new Set(floats)) {
    if (float === undefined) continue;
    const label = `${float.name} rounded`;
    rounded.set(float, await roundToBits(backend, float.packed, source, { terminal, label, signal }));
  }
  return floats.map((float) => rounded.get(float));
}
