/** The figures of an analysis as `--json` prints them, without those of single latents. */
import {
  l0Quantiles,
  type Coactivation,
  type CosinesWithin,
  type ReferenceAnalysis,
  type ReportSae,
  type WeightError,
} from "@qsae/analysis";

type Json = Readonly<Record<string, unknown>>;

export function analysisJson(sae: ReportSae): Json {
  const { name, summary, l0, coactivation, cosines, reference, rounded, crossEntropy } = sae;
  return {
    ...summary,
    name,
    ...(l0 && { l0_quantiles: l0Quantiles(l0) }),
    ...(coactivation && { coactivation: coactivationJson(coactivation) }),
    ...(cosines && { cosines: cosinesJson(cosines) }),
    ...(reference && { reference: referenceJson(reference) }),
    ...(rounded && { rounded }),
    ...(crossEntropy && { cross_entropy: crossEntropy }),
  };
}

/** Mean over all atoms of the cosine with the nearest other. */
export function meanNearest({ nearest: { cosine } }: Pick<CosinesWithin, "nearest">): number {
  return cosine.reduce((sum, value) => sum + value, 0) / cosine.length;
}

function coactivationJson({ tokens, tokensSeen, pairs, byCount, byJaccard, byLift }: Coactivation): Json {
  return { tokens, tokens_seen: tokensSeen, pairs, by_count: byCount, by_jaccard: byJaccard, by_lift: byLift };
}

function cosinesJson(cosines: CosinesWithin): Json {
  const { edges, counts } = cosines.histogram;
  return {
    redundant_above: cosines.redundantAbove,
    redundant_pairs: cosines.redundantPairs,
    redundant_atoms: cosines.redundantAtoms,
    zero_atoms: cosines.zeroAtoms,
    mean_nearest: meanNearest(cosines),
    histogram: { edges, counts },
  };
}

function referenceJson({ name, cosines, outputError, support, fvuIncrease, weights }: ReferenceAnalysis): Json {
  const { sameAbove, aInB, bInA, match } = cosines;
  return {
    name,
    cosines: {
      same_above: sameAbove,
      mmcs: aInB.mmcs,
      mmcs_of_reference: bInA.mmcs,
      overlap: aInB.overlap,
      overlap_of_reference: bInA.overlap,
      matched: match.a.length,
    },
    output_error: outputError,
    ...(support && {
      support: { overlap: support.overlap, changed_tokens: support.changedTokens, tokens: support.tokens },
    }),
    ...(fvuIncrease && {
      fvu_increase: {
        measured: fvuIncrease.measured,
        predicted: fvuIncrease.predicted.total,
        worst_latents: fvuIncrease.predicted.worst,
      },
    }),
    ...(weights && {
      weights: weights.map(({ matrix, byBits, worst, ...errors }) => ({
        matrix,
        ...errorJson(errors),
        by_bits: byBits.map(({ bits, rows, ...ofBits }) => ({ bits, rows, ...errorJson(ofBits) })),
        worst,
      })),
    }),
  };
}

function errorJson({ weights, mse, meanAbs, maxAbs, l2 }: WeightError): Json {
  return { weights, mse, mean_abs: meanAbs, max_abs: maxAbs, l2 };
}
