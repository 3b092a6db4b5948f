/** An SAE and what was made of it: size, figures on held-out activations, as a table and as JSON. */
import { bitsPerWeight, type PackedSae } from "@qsae/runtime";
import { bytes, fvu } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";

export interface SideOfComparison {
  readonly packed: PackedSae;
  /** Of the packed file. */
  readonly bytes: number;
  /** On held-out activations, as a file stores them; absent where there were none. */
  readonly metrics?: Readonly<Record<string, number>>;
}

export interface Comparison {
  readonly before: SideOfComparison;
  readonly after: SideOfComparison;
}

export function comparisonTable({ before, after }: Comparison): TableData {
  const measured = before.metrics !== undefined;
  const row = (name: string, { packed, bytes: size, metrics }: SideOfComparison): string[] => {
    const bits = bitsPerWeight(packed);
    return [
      name,
      bytes(size),
      bits.encoder.toFixed(2),
      bits.dictionary.toFixed(2),
      ...(measured && metrics ? [fvu(metrics["fvu"]!), metrics["l0"]!.toFixed(2)] : []),
    ];
  };
  return {
    columns: ["", "file", "encoder bits", "decoder bits", ...(measured ? ["FVU", "L0"] : [])],
    rows: [row("before", before), row("after", after)],
  };
}

/** For `--json`. */
export function comparisonJson({ packed, bytes: size, metrics }: SideOfComparison) {
  const { total, encoder, dictionary } = bitsPerWeight(packed);
  return { bytes: size, bits_per_weight: total, encoder_bits: encoder, decoder_bits: dictionary, ...metrics };
}
