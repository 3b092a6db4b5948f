/** `pnpm bench analysis`: where the time of an analysis goes, metric by metric. */
import { coactivation, cosinesWithin, evaluateSae, standardMetrics, topTokens } from "@qsae/analysis";
import { saeOnBackend, type Metric, type TensorOps } from "@qsae/core";
import type { PackedSae } from "@qsae/runtime";
import { plantedSource, type ProblemShape } from "./problem.ts";
import { timedEncoder, timedMetric, timedSource, type Stopwatch } from "./stopwatch.ts";

export async function analysisInParts(
  ops: TensorOps,
  packed: PackedSae,
  shape: ProblemShape,
  watch: Stopwatch,
): Promise<Readonly<Record<string, number>>> {
  const sae = await watch.time("loading", () => saeOnBackend(ops, packed));
  const timed = <R>(name: string, metric: Metric<R>): Metric<R> => timedMetric(name, metric, watch);
  const { fvu, mse, l0, density } = standardMetrics();
  const { metrics, saeMs } = await evaluateSae(
    timedEncoder(sae, watch),
    timedSource(plantedSource(packed, shape), watch),
    {
      metrics: {
        fvu: timed("fvu", fvu),
        mse: timed("mse", mse),
        l0: timed("l0", l0),
        density: timed("density", density),
        coactivation: timed("coactivation", coactivation()),
        topTokens: timed("top tokens", topTokens()),
      },
    },
  );
  const cosines = await watch.time("cosines within", () => cosinesWithin(ops, sae));
  sae.dispose();
  const encodeSeconds = watch.seconds().get("encode") ?? 0;
  return {
    decode_seconds: saeMs / 1000 - encodeSeconds,
    fvu: metrics.fvu,
    l0: metrics.l0.mean,
    dead: metrics.density.dead,
    pairs: metrics.coactivation.pairs,
    largest_cosine: cosines.nearest.cosine.reduce((largest, cosine) => Math.max(largest, cosine), -1),
  };
}
