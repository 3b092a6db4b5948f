import { UsageError } from "@qsae/runtime";
import type { QuantizeSaeOptions } from "./quantize-sae.ts";
import type { RoundingTargets } from "./round-to-nearest.ts";

/** @throws UsageError for numbers and choices that no method can work with, before any data are read */
export function requireOptions(options: QuantizeSaeOptions): void {
  const { method, calibrationTokens = 1, steps = 2, batchSize = 1 } = options;
  if (method === "rtn") return;
  requireCount("calibrationTokens", calibrationTokens, 1);
  if (method === "gptq") return;
  requireCount("batchSize", batchSize, 1);
  // a step for each of the two phases
  requireCount("steps", steps, method === "two-phase" ? 2 : 1);
  if (method === "two-phase") bothSides(options);
}

/** @throws UsageError unless there is a quantizer for both sides */
export function bothSides({ encoder, dictionary }: RoundingTargets): Required<RoundingTargets> {
  if (encoder && dictionary) return { encoder, dictionary };
  throw new UsageError(
    "quantize: two-phase quantizes both sides; give both quantizers, or take method tune for one side",
  );
}

function requireCount(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return;
  throw new UsageError(`quantize: ${name}=${value} is not allowed; use an integer of at least ${least}`);
}
