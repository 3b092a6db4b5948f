/** A method applied to an SAE; the result's description says what was done. */
import type { Backend, DataSource } from "@qsae/core";
import { quantizeDefaults, quantizeMixed, quantizeSae } from "@qsae/quantizers";
import { UsageError, type PackedSae } from "@qsae/runtime";
import { withoutAbsent } from "../config/without-absent.ts";
import { roundsReporter } from "../reporters/rounds-reporter.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { QuantizationPlan } from "./quantization-plan.ts";
import { describedAs } from "./provenance.ts";

export interface QuantizeContext {
  readonly backend: Backend;
  /** Of the plan's `data`. */
  readonly source?: DataSource;
  readonly terminal: Pick<Terminal, "progress">;
  readonly signal: AbortSignal;
}

export interface QuantizedPacked {
  /** Without metrics: those of the weights before are not its own. */
  readonly packed: PackedSae;
  /** Of the method alone. */
  readonly seconds: number;
  /** Tokens that it looked at, before any training. */
  readonly calibrationTokens?: number;
}

/**
 * @throws UsageError as `quantizeSae` and `quantizeMixed` do, and the signal's reason where it is aborted
 */
export async function quantizePacked(
  sae: PackedSae,
  plan: Omit<QuantizationPlan, "data" | "heldout">,
  context: QuantizeContext,
): Promise<QuantizedPacked> {
  const startedMs = performance.now();
  const { sae: quantized, calibrationTokens } = await (plan.budget === undefined
    ? alike(sae, plan, context)
    : mixed(sae, { ...plan, budget: plan.budget }, context));
  const seconds = (performance.now() - startedMs) / 1000;
  const done = { plan, calibrationTokens, source: context.source };
  return {
    packed: { ...quantized, description: describedAs(quantized.description, done) },
    seconds,
    ...withoutAbsent({ calibrationTokens }),
  };
}

interface Quantized {
  readonly sae: PackedSae;
  readonly calibrationTokens?: number;
}

/** The same quantizer for all atoms. */
async function alike(
  sae: PackedSae,
  plan: Omit<QuantizationPlan, "data" | "heldout">,
  { backend, source, terminal, signal }: QuantizeContext,
): Promise<Quantized> {
  const { method, encoder, dictionary, rotate, seed } = plan;
  const { steps = quantizeDefaults.steps, batchSize = quantizeDefaults.batchSize } = plan;
  const { calibrationTokens = quantizeDefaults.calibrationTokens } = plan;
  const total = steps * Math.min(batchSize, source?.tokens ?? 0);
  const bar = roundsReporter(terminal, { label: method, total });
  try {
    const quantized = await quantizeSae(backend, sae, {
      ...{ method, rotate, steps, batchSize, calibrationTokens, signal },
      ...withoutAbsent({ encoder, dictionary, source, seed }),
      reporters: [bar],
    });
    if (method === "rtn" || source === undefined) return { sae: quantized.sae };
    return { sae: quantized.sae, calibrationTokens: Math.min(calibrationTokens, source.tokens) };
  } finally {
    bar.close();
  }
}

/** A quantizer for each atom. */
async function mixed(
  sae: PackedSae,
  plan: Omit<QuantizationPlan, "data" | "heldout"> & { readonly budget: number },
  { backend, source, signal }: QuantizeContext,
): Promise<Quantized> {
  if (source === undefined) throw new UsageError("quantize: mixed precision needs activations");
  const { budget, rotate, encoder, seed, calibrationTokens: importanceTokens } = plan;
  const { sae: quantized, tokens } = await quantizeMixed(backend, sae, {
    ...{ budget, source, rotate, signal },
    ...withoutAbsent({ encoder, seed, importanceTokens }),
  });
  return { sae: quantized, calibrationTokens: tokens };
}
