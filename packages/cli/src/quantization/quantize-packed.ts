/** A method applied to an SAE; the result's description says what was done. */
import type { Backend, DataSource } from "@qsae/core";
import { quantizeDefaults, quantizeMixed, quantizeSae, type QuantizeSaeOptions } from "@qsae/quantizers";
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
  /** Tokens that gptq looked at. */
  readonly calibrationTokens?: number;
  /** Tokens that the importance of atoms was measured on. */
  readonly importanceTokens?: number;
}

type Plan = Omit<QuantizationPlan, "data" | "heldout">;

/** @throws UsageError as `quantizeSae` and `quantizeMixed` do, and the signal's reason where it is aborted */
export async function quantizePacked(
  sae: PackedSae,
  plan: Plan,
  { backend, source, terminal, signal }: QuantizeContext,
): Promise<QuantizedPacked> {
  const { method, encoder, seed } = plan;
  const { steps, batchSize, calibrationTokens } = { ...quantizeDefaults, ...plan };
  const total = steps * Math.min(batchSize, source?.tokens ?? 0);
  const bar = roundsReporter(terminal, { label: method, total });
  const options = {
    ...{ rotate: plan.rotate, steps, batchSize, calibrationTokens, reporters: [bar], signal },
    ...withoutAbsent({ encoder, seed }),
  };
  const startedMs = performance.now();
  try {
    const { sae: quantized, importanceTokens } = await quantizedBy(backend, sae, plan, source, options);
    const seconds = (performance.now() - startedMs) / 1000;
    const looked = withoutAbsent({
      calibrationTokens: source && method !== "rtn" ? Math.min(calibrationTokens, source.tokens) : undefined,
      importanceTokens,
    });
    const description = describedAs(quantized.description, { plan, ...looked, ...(source && { source }) });
    return { packed: { ...quantized, description }, seconds, ...looked };
  } finally {
    bar.close();
  }
}

/** One quantizer for all atoms, or under a budget one for each. */
function quantizedBy(
  backend: Backend,
  sae: PackedSae,
  { method, dictionary, budget }: Plan,
  source: DataSource | undefined,
  options: Omit<QuantizeSaeOptions, "method" | "dictionary" | "source">,
): Promise<{ readonly sae: PackedSae; readonly importanceTokens?: number }> {
  if (budget === undefined) {
    return quantizeSae(backend, sae, { ...options, method, ...withoutAbsent({ dictionary, source }) });
  }
  if (method === "two-phase" || source === undefined) {
    throw new UsageError("quantize: mixed precision needs activations, and a method other than two-phase");
  }
  return quantizeMixed(backend, sae, { ...options, method, budget, source });
}
