/**
 * FVU by bits: what is left of a float SAE when encoder and dictionary are rounded to the nearest level, without data or training.
 * What a better method has to beat.
 */
import { evaluateStored, type RoundedSae } from "@qsae/analysis";
import type { Backend, DataSource } from "@qsae/core";
import { quantizersByName, quantizeSae } from "@qsae/quantizers";
import type { PackedSae } from "@qsae/runtime";
import type { Terminal } from "../terminal/terminal.ts";
import { sampleOf } from "./token-sample.ts";

const WIDTHS = ["binary", "ternary", "centered-int2", "int3", "int4", "int5", "int6", "int8"] as const;

/** Multiply-adds of the encoder per width: 2048 tokens of 32768 latents of width 512. */
const MOST_MULTIPLY_ADDS = 2 ** 35;
/** FVU to a few percent of itself. */
const MOST_TOKENS = 8192;
const LEAST_TOKENS = 256;

export interface RoundToBitsOptions {
  readonly terminal: Pick<Terminal, "progress">;
  readonly label: string;
  readonly signal: AbortSignal;
}

/** Whether no matrix is quantized. */
export function isFloat({ stages }: Pick<PackedSae, "stages">): boolean {
  return stages.every(({ encoder, dictionary }) => encoder.kind === "float32" && dictionary.kind === "float32");
}

/**
 * Narrowest first. On a sample of the data: so many tokens that 32768 latents take seconds.
 *
 * @throws as `quantizeSae` and `evaluateStored`
 */
export async function roundToBits(
  backend: Backend,
  packed: PackedSae,
  source: DataSource,
  { terminal, label, signal }: RoundToBitsOptions,
): Promise<readonly RoundedSae[]> {
  const sample = await sampleOf(source, tokensFor(packed));
  const resolve = quantizersByName();
  const progress = terminal.progress({ label, total: WIDTHS.length * sample.tokens });
  const rounded: RoundedSae[] = [];
  try {
    for (const quantizer of WIDTHS) {
      const options = { method: "rtn", encoder: resolve(quantizer), dictionary: resolve(quantizer), signal } as const;
      const { sae } = await quantizeSae(backend, packed, options);
      const { summary } = await evaluateStored({ name: quantizer, packed: sae }, sample, { ops: backend.ops, signal });
      const { fvu, tokens, bits_per_weight: bits } = summary;
      rounded.push({ quantizer, bits_per_weight: bits!, fvu, tokens });
      progress.update(rounded.length * sample.tokens);
    }
  } finally {
    progress.stop();
  }
  return rounded;
}

function tokensFor({ dIn, stages }: PackedSae): number {
  const weights = dIn * stages.reduce((sum, { dSae }) => sum + dSae, 0);
  return Math.min(MOST_TOKENS, Math.max(LEAST_TOKENS, Math.floor(MOST_MULTIPLY_ADDS / weights)));
}
