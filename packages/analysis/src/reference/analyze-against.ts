/** What became of a reference SAE's latents, atoms and weights in another form of it. */
import type { TensorOps } from "@qsae/core";
import type { PackedSae } from "@qsae/runtime";
import { cosinesBetween } from "../cosine/cosines-between.ts";
import type { StoredEvaluation } from "../evaluate-stored.ts";
import { predictedFvuIncrease } from "../weights/predicted-fvu.ts";
import { haveComparableWeights, weightErrors } from "../weights/weight-errors.ts";
import { hasLatentsOf, type AgainstReference } from "./against-reference.ts";
import type { EvaluatedReference } from "./evaluate-reference.ts";
import type { ReferenceAnalysis } from "./reference-analysis.ts";

/**
 * @param packed the SAE that was evaluated
 * @param measured in its pass
 */
export async function analyzeAgainst(
  ops: TensorOps,
  packed: PackedSae,
  { sae, summary }: Pick<StoredEvaluation, "sae" | "summary">,
  measured: AgainstReference,
  reference: EvaluatedReference,
  signal?: AbortSignal,
): Promise<ReferenceAnalysis> {
  const cosines = await cosinesBetween(ops, sae, reference.sae, { ...(signal && { signal }) });
  return {
    name: reference.name,
    cosines,
    ...measured,
    ...(hasLatentsOf(sae, reference.sae) && {
      fvuIncrease: {
        measured: summary.fvu - reference.fvu,
        predicted: predictedFvuIncrease(sae, reference.sae, reference.power),
      },
    }),
    ...(haveComparableWeights(packed, reference.packed) && { weights: weightErrors(packed, reference.packed) }),
  };
}
