/** The metrics that a table of latents is made of, for one pass over the data. */
import type { Metric, TokenTexts } from "@qsae/core";
import type { LatentDensity } from "../metrics/latent-density.ts";
import { noMetric } from "../metrics/no-metric.ts";
import { largestValues } from "./largest-values.ts";
import { latentContexts, type LatentContexts } from "./latent-contexts.ts";
import type { LatentRecords } from "./latent-table.ts";

export type LatentRecordMetrics = {
  readonly largest: Metric<Float32Array>;
  readonly contexts: Metric<LatentContexts | undefined>;
};

/** @param texts the tokens of the data, for contexts */
export function latentRecordMetrics(texts: TokenTexts | undefined): LatentRecordMetrics {
  return { largest: largestValues(), contexts: texts === undefined ? noMetric : latentContexts({ texts }) };
}

export function latentRecords(
  { tokens, counts }: Pick<LatentDensity, "tokens" | "counts">,
  { largest, contexts }: { readonly largest: Float32Array; readonly contexts: LatentContexts | undefined },
): LatentRecords {
  return { tokens, counts, largest, ...(contexts && { contexts }) };
}
