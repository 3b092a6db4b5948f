/** A reference SAE, evaluated once; any number of other SAEs are then compared with it on the same data. */
import type { DataSource, Metric, TokenTexts } from "@qsae/core";
import type { PackedSae } from "@qsae/runtime";
import {
  evaluateStored,
  type EvaluateStoredOptions,
  type StoredEvaluation,
  type StoredSae,
  type StoredWeights,
} from "../evaluate-stored.ts";
import { latentRecordMetrics, latentRecords, type LatentRecordMetrics } from "../latents/latent-records.ts";
import type { LatentRecords } from "../latents/latent-table.ts";
import { latentPower, type LatentPower } from "../metrics/latent-power.ts";
import { keptLatents, type KeptBatch, type KeptLatentsOptions } from "./kept-latents.ts";

export interface EvaluatedReference {
  /** For people. */
  readonly name: string;
  readonly packed: PackedSae;
  readonly sae: StoredWeights;
  readonly fvu: number;
  readonly power: LatentPower;
  /** What fires on the first tokens of the data, on all if memory allows. */
  readonly latents: readonly KeptBatch[];
  /** How each latent fires. */
  readonly records: LatentRecords;
}

export type EvaluateReferenceOptions = {
  /** The tokens of the data, for contexts. Absent: none. */ readonly texts?: TokenTexts;
} & Pick<EvaluateStoredOptions, "ops" | "signal" | "onProgress"> &
  KeptLatentsOptions;

/**
 * @param reference usually the float SAE that others were made from
 * @throws as `evaluateSae`
 * @example
 * const reference = await evaluateReference({ name: "float", packed: float }, heldOut);
 * const report = await analyzeSae(backend.ops, { name: "int4", packed: int4 }, heldOut, { reference });
 */
export async function evaluateReference(
  reference: StoredSae,
  source: DataSource,
  { maxFirings, texts, ...options }: EvaluateReferenceOptions = {},
): Promise<EvaluatedReference> {
  const kept = referenceMetrics({ ...(maxFirings !== undefined && { maxFirings }) });
  const metrics = { ...kept, ...latentRecordMetrics(texts) };
  return referenceOf(reference, await evaluateStored(reference, source, { ...options, metrics }));
}

export type ReferenceMetrics = {
  readonly power: Metric<LatentPower>;
  readonly latents: Metric<readonly KeptBatch[]>;
};

/** What a pass has to take of an SAE that others are to be compared with. */
export function referenceMetrics(options: KeptLatentsOptions = {}): ReferenceMetrics {
  return { power: latentPower(), latents: keptLatents(options) };
}

export function referenceOf(
  { name, packed }: StoredSae,
  { sae, evaluation, summary, extra }: StoredEvaluation<ReferenceMetrics & LatentRecordMetrics>,
): EvaluatedReference {
  const records = latentRecords(evaluation.metrics.density, extra);
  return { name, packed, sae, fvu: summary.fvu, power: extra.power, latents: extra.latents, records };
}
