/** What became of a reference SAE's latents, atoms and weights in another form of it. As `--json` prints it. */
import {
  cosinesBetween,
  haveComparableWeights,
  latentPower,
  predictedFvuIncrease,
  supportOverlapWith,
  weightErrors,
  type LatentPower,
  type MatrixErrors,
  type SupportOverlapResult,
  type WeightError,
} from "@qsae/analysis";
import type { DataSource, Metric, TensorOps } from "@qsae/core";
import type { PackedSae, Sae } from "@qsae/runtime";
import { evaluatePacked, type EvaluatedSae, type EvaluateOptions } from "../evaluation/evaluate-packed.ts";

export interface ReferenceAnalysis {
  readonly cosines: {
    readonly same_above: number;
    /** Mean max cosine similarity: of this SAE's atoms in the reference, and the other way round. */
    readonly mmcs: number;
    readonly mmcs_of_reference: number;
    /** Share of atoms that are the same as one on the other side. */
    readonly overlap: number;
    readonly overlap_of_reference: number;
    /** Pairs of a one-to-one matching. */
    readonly matched: number;
  };
  /** Absent, as what follows, where the latents are not those of the reference. */
  readonly support?: { readonly overlap: number; readonly changed_tokens: number };
  readonly fvu_increase?: {
    readonly measured: number;
    /** From the errors of atoms alone. */
    readonly predicted: number;
    readonly worst_latents: readonly { readonly latent: number; readonly increase: number }[];
  };
  readonly weights?: readonly MatrixErrorsJson[];
}

interface MatrixErrorsJson extends WeightErrorJson {
  readonly matrix: string;
  readonly by_bits: readonly (WeightErrorJson & { readonly bits: number; readonly rows: number })[];
  readonly worst: MatrixErrors["worst"];
}

interface WeightErrorJson {
  readonly weights: number;
  readonly mse: number;
  readonly mean_abs: number;
  readonly max_abs: number;
  readonly l2: number;
}

/** A reference SAE, evaluated on the same data. */
export interface Reference {
  readonly packed: PackedSae;
  readonly sae: Sae;
  readonly fvu: number;
  readonly power: LatentPower;
}

export async function evaluateReference(
  opened: { readonly packed: PackedSae; readonly bytes: number },
  source: DataSource,
  options: Omit<EvaluateOptions, "extra">,
): Promise<Reference> {
  const { sae, summary, extra } = await evaluatePacked(opened, source, { ...options, extra: { power: latentPower() } });
  return { packed: opened.packed, sae, fvu: summary.fvu, power: extra.power };
}

/** Whether latent j of one is latent j of the other, as far as shapes tell. */
function hasLatentsOf(sae: Pick<Sae, "dIn" | "dSae">, { sae: reference }: Reference): boolean {
  return sae.dIn === reference.dIn && sae.dSae === reference.dSae;
}

/** Taken in the pass of the evaluation. */
export function referenceMetrics(
  { dIn, stages }: PackedSae,
  reference: Reference,
): { readonly support?: Metric<SupportOverlapResult> } {
  const dSae = stages.reduce((sum, stage) => sum + stage.dSae, 0);
  return hasLatentsOf({ dIn, dSae }, reference) ? { support: supportOverlapWith(reference.sae) } : {};
}

/** @throws UsageError if the two are not of one width */
export async function analyzeAgainst(
  ops: TensorOps,
  packed: PackedSae,
  { sae, summary }: Pick<EvaluatedSae, "sae" | "summary">,
  support: SupportOverlapResult | undefined,
  reference: Reference,
  signal: AbortSignal,
): Promise<ReferenceAnalysis> {
  const { sameAbove, aInB, bInA, match } = await cosinesBetween(ops, sae, reference.sae, { signal });
  const predicted = hasLatentsOf(sae, reference)
    ? predictedFvuIncrease(sae, reference.sae, reference.power)
    : undefined;
  return {
    cosines: {
      same_above: sameAbove,
      mmcs: aInB.mmcs,
      mmcs_of_reference: bInA.mmcs,
      overlap: aInB.overlap,
      overlap_of_reference: bInA.overlap,
      matched: match.a.length,
    },
    ...(support && { support: { overlap: support.overlap, changed_tokens: support.changedTokens } }),
    ...(predicted && {
      fvu_increase: {
        measured: summary.fvu - reference.fvu,
        predicted: predicted.total,
        worst_latents: predicted.worst,
      },
    }),
    ...(haveComparableWeights(packed, reference.packed) && {
      weights: weightErrors(packed, reference.packed).map(matrixJson),
    }),
  };
}

function matrixJson({ matrix, byBits, worst, ...errors }: MatrixErrors): MatrixErrorsJson {
  const by_bits = byBits.map(({ bits, rows, ...ofBits }) => ({ bits, rows, ...errorJson(ofBits) }));
  return { matrix, ...errorJson(errors), by_bits, worst };
}

function errorJson({ weights, mse, meanAbs, maxAbs, l2 }: WeightError): WeightErrorJson {
  return { weights, mse, mean_abs: meanAbs, max_abs: maxAbs, l2 };
}
