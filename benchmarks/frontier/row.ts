/** One row: a method, a side, a width. */
import { evaluateSae, fvu } from "@qsae/analysis";
import type { Backend, DataSource, Quantizer, Reporter } from "@qsae/core";
import { binary, centeredInt, quantizeSae, ternary, type QuantizeMethod } from "@qsae/quantizers";
import { bitsPerWeight, encodePackedSae, loadSae, type PackedSae } from "@qsae/runtime";

export interface Row {
  readonly method: QuantizeMethod;
  readonly side: "decoder" | "both";
  /** Of a code; 1.58 is ternary. */
  readonly bits: number;
  /** Of the quantized matrices, scales included. */
  readonly bits_per_weight: number;
  /** On held-out tokens, of the packed file read back. */
  readonly fvu: number;
  /** Of quantizing alone. */
  readonly seconds: number;
}

/** Training with standing codes is for one side, two-phase for both. */
export const sidesOf = (method: QuantizeMethod): readonly Row["side"][] =>
  method === "tune" ? ["decoder"] : method === "two-phase" ? ["both"] : ["decoder", "both"];

export interface RowInput {
  readonly backend: Backend;
  readonly sae: PackedSae;
  readonly train: DataSource;
  readonly heldout: DataSource;
  readonly steps: number;
  readonly seed: number;
  readonly rotate: boolean;
  readonly reporter: Reporter;
}

export async function measureRow(
  { method, side, bits }: Pick<Row, "method" | "side" | "bits">,
  { backend, sae, train, heldout, steps, seed, rotate, reporter }: RowInput,
): Promise<Row> {
  const quantizer = quantizerOf(bits);
  const startedMs = performance.now();
  const { sae: packed } = await quantizeSae(backend, sae, {
    ...{ method, dictionary: quantizer, seed, rotate, reporters: [reporter] },
    ...(side === "both" ? { encoder: quantizer } : {}),
    ...(method === "rtn" ? {} : { source: train }),
    ...(method === "tune" || method === "two-phase" ? { steps } : {}),
  });
  const seconds = (performance.now() - startedMs) / 1000;
  return {
    method,
    side,
    bits,
    bits_per_weight: bitsPerWeight(packed).total,
    fvu: await fvuOf(packed, heldout),
    seconds,
  };
}

export async function fvuOf(packed: PackedSae, heldout: DataSource): Promise<number> {
  const { metrics } = await evaluateSae(loadSae(encodePackedSae(packed)), heldout, { metrics: { fvu: fvu() } });
  return metrics.fvu;
}

function quantizerOf(bits: number): Quantizer {
  if (bits === 1) return binary();
  return bits === 1.58 ? ternary() : centeredInt(bits);
}
