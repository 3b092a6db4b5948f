/** What one SAE's latents and atoms are like: how many fire, which fire together, which are alike. As `--json` prints it. */
import {
  coactivation,
  cosinesWithin,
  l0Quantiles,
  type Coactivation,
  type CosinesWithin,
  type L0Quantiles,
  type LatentPair,
} from "@qsae/analysis";
import type { TensorOps } from "@qsae/core";
import type { EvaluatedSae } from "../evaluation/evaluate-packed.ts";

export interface LatentAnalysis {
  /** Non-zero latents per token. */
  readonly l0_quantiles: L0Quantiles;
  readonly coactivation: {
    readonly tokens: number;
    readonly tokens_seen: number;
    readonly pairs: number;
    readonly by_count: readonly LatentPair[];
    readonly by_jaccard: readonly LatentPair[];
    readonly by_lift: readonly LatentPair[];
  };
  readonly cosines: {
    readonly redundant_above: number;
    readonly redundant_pairs: number;
    readonly redundant_atoms: number;
    readonly zero_atoms: number;
    /** Mean over all atoms of the cosine with the nearest other. */
    readonly mean_nearest: number;
    readonly histogram: Pick<CosinesWithin["histogram"], "edges" | "counts">;
  };
}

/** Pairs per list: what a person reads. */
const TOP_PAIRS = 20;

/** 64 MB, and seconds of counting even where thousands of latents fire on a token; beyond, a sample of tokens is counted. */
const MOST_FIRINGS = 2 ** 23;

/** Taken in the pass of the evaluation. */
export function latentMetrics() {
  return { together: coactivation({ topPairs: TOP_PAIRS, maxFirings: MOST_FIRINGS }) };
}

export async function analyzeLatents(
  ops: TensorOps,
  { sae, evaluation, extra }: EvaluatedSae<ReturnType<typeof latentMetrics>>,
  signal: AbortSignal,
): Promise<LatentAnalysis> {
  const cosines = await cosinesWithin(ops, sae, { signal });
  const { edges, counts } = cosines.histogram;
  return {
    l0_quantiles: l0Quantiles(evaluation.metrics.l0),
    coactivation: coactivationJson(extra.together),
    cosines: {
      redundant_above: cosines.redundantAbove,
      redundant_pairs: cosines.redundantPairs,
      redundant_atoms: cosines.redundantAtoms,
      zero_atoms: cosines.zeroAtoms,
      mean_nearest: cosines.nearest.cosine.reduce((sum, cosine) => sum + cosine, 0) / sae.dSae,
      histogram: { edges, counts },
    },
  };
}

function coactivationJson(together: Coactivation): LatentAnalysis["coactivation"] {
  const { tokens, tokensSeen, pairs, byCount, byJaccard, byLift } = together;
  return { tokens, tokens_seen: tokensSeen, pairs, by_count: byCount, by_jaccard: byJaccard, by_lift: byLift };
}
