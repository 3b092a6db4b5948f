/** What a quantized file says about how it came to be. A sentence per side, so that a side quantized earlier keeps its own. */
import type { DataSource } from "@qsae/core";
import { quantizeDefaults, quantizerName } from "@qsae/quantizers";
import type { PackedDescription } from "@qsae/runtime";
import { version } from "../version.ts";
import type { QuantizationPlan } from "./quantization-plan.ts";

export interface Done {
  readonly plan: Omit<QuantizationPlan, "data" | "heldout">;
  readonly calibrationTokens?: number;
  readonly importanceTokens?: number;
  readonly source?: DataSource;
}

/** In words: `gptq, encoder int8, decoder ternary` */
export function methodInWords({ method, encoder, dictionary, budget, rotate }: Done["plan"]): string {
  return [
    method,
    ...(rotate ? ["rotated"] : []),
    ...(encoder ? [`encoder ${quantizerName(encoder)}`] : []),
    ...(dictionary ? [`decoder ${quantizerName(dictionary)}`] : []),
    ...(budget === undefined ? [] : [`decoder mixed at ${budget} bits`]),
  ].join(", ");
}

/** The description with keys `encoder_quantized`, `decoder_quantized` and `rotated`, and without metrics. */
export function describedAs(description: PackedDescription, done: Done): PackedDescription {
  const { encoder, dictionary, budget, rotate, seed = quantizeDefaults.seed } = done.plan;
  const how = howOf(done);
  const decoder = dictionary ? quantizerName(dictionary) : budget === undefined ? undefined : `mixed at ${budget} bits`;
  return {
    ...description,
    metrics: {},
    provenance: {
      ...description.provenance,
      ...(encoder ? { encoder_quantized: `${quantizerName(encoder)} by ${how}` } : {}),
      ...(decoder === undefined ? {} : { decoder_quantized: `${decoder} by ${how}` }),
      ...(rotate ? { rotated: `seed ${seed}` } : {}),
    },
  };
}

function howOf({ plan, calibrationTokens, importanceTokens, source }: Done): string {
  const { method } = plan;
  const { steps, batchSize, seed } = { ...quantizeDefaults, ...plan };
  const trains = method === "tune" || method === "two-phase";
  return [
    method,
    ...(calibrationTokens === undefined ? [] : [`${calibrationTokens} calibration tokens`]),
    ...(importanceTokens === undefined ? [] : [`importance on ${importanceTokens} tokens`]),
    ...(trains ? [`${steps} steps of ${batchSize} tokens`] : []),
    ...(source && (calibrationTokens ?? importanceTokens) !== undefined
      ? [`data ${nameOf(source)}`, `seed ${seed}`]
      : []),
    `qsae ${version()}`,
  ].join(", ");
}

function nameOf({ provenance: { file = "activations", tensor, rows, target_file: target } }: DataSource): string {
  const details = [tensor, rows && `rows ${rows}`, target && `target ${target}`].filter(Boolean);
  return details.length === 0 ? file : `${file} (${details.join(", ")})`;
}
