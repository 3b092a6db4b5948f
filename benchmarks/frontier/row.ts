/** One row: a method, a side, a width. */
import { evaluateSae, fvu } from "@qsae/analysis";
import type { Backend, DataSource, Quantizer, Reporter } from "@qsae/core";
import {
  binary,
  centeredInt,
  quantizeMethods,
  quantizeMixed,
  quantizeSae,
  ternary,
  type QuantizeMethod,
} from "@qsae/quantizers";
import { bitsPerWeight, encodePackedSae, loadSae, packedRowBytes, type PackedSae } from "@qsae/runtime";

/** `mixed-`: a width per atom, as many bits in all as the uniform width takes with its scales. */
export const frontierMethods = [...quantizeMethods, "mixed-gptq", "mixed-tune"] as const;
export type FrontierMethod = (typeof frontierMethods)[number];

export interface Row {
  readonly method: FrontierMethod;
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

/** Training with standing codes is for one side, as are mixed widths; two-phase is for both. */
export function sidesOf(method: FrontierMethod): readonly Row["side"][] {
  if (method === "two-phase") return ["both"];
  return method === "rtn" || method === "gptq" ? ["decoder", "both"] : ["decoder"];
}

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
  cell: Pick<Row, "method" | "side" | "bits">,
  { heldout, ...input }: RowInput,
): Promise<Row> {
  const startedMs = performance.now();
  const packed = await quantized(cell, input);
  const seconds = (performance.now() - startedMs) / 1000;
  return { ...cell, bits_per_weight: bitsPerWeight(packed).total, fvu: await fvuOf(packed, heldout), seconds };
}

async function quantized(
  { method, side, bits }: Pick<Row, "method" | "side" | "bits">,
  { backend, sae, train: source, steps, seed, rotate, reporter }: Omit<RowInput, "heldout">,
): Promise<PackedSae> {
  const common = { seed, rotate, reporters: [reporter] };
  if (method === "mixed-gptq" || method === "mixed-tune") {
    const tunes = method === "mixed-tune";
    const budget = bitsWithScale(bits, sae.dIn);
    const mixed = { ...common, budget, source, method: tunes ? "tune" : "gptq" } as const;
    return (await quantizeMixed(backend, sae, { ...mixed, ...(tunes ? { steps } : {}) })).sae;
  }
  const quantizer = quantizerOf(bits);
  const uniform = await quantizeSae(backend, sae, {
    ...common,
    ...{ method, dictionary: quantizer },
    ...(side === "both" ? { encoder: quantizer } : {}),
    ...(method === "rtn" ? {} : { source }),
    ...(trains(method) ? { steps } : {}),
  });
  return uniform.sae;
}

const trains = (method: QuantizeMethod): boolean => method === "tune" || method === "two-phase";

/** Bits per weight of a row of `cols` weights with one F16 scale. */
function bitsWithScale(bits: number, cols: number): number {
  const [min, max] = quantizerOf(bits).codes;
  return (8 * packedRowBytes(cols, max - min + 1) + 16) / cols;
}

export async function fvuOf(packed: PackedSae, heldout: DataSource): Promise<number> {
  const { metrics } = await evaluateSae(loadSae(encodePackedSae(packed)), heldout, { metrics: { fvu: fvu() } });
  return metrics.fvu;
}

function quantizerOf(bits: number): Quantizer {
  if (bits === 1) return binary();
  return bits === 1.58 ? ternary() : centeredInt(bits);
}
