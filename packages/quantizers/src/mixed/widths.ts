/**
 * The widths that rows may have, and what each costs and leaves of the error.
 *
 * The distortion `D(b) = E[(w - q)^2] / E[w^2]` is that of a Gaussian weight rounded to the best uniform grid of so many
 * levels (Max 1960, "Quantizing for minimum distortion", table II), not the `4^-b` of rate-distortion theory, which no
 * scalar quantizer reaches: binary leaves 0.36, not 0.25. Rows of a few hundred weights seldom reach the tails that the widest
 * grids keep levels for, and a scale per row makes use of that: from 5 bits on they are left with less than this (8 bits: half
 * of it). `measureWidths` takes given weights instead.
 */
import { packedRowBytes, UsageError } from "@qsae/runtime";
import type { Quantizer } from "@qsae/core";
import { binary } from "../binary.ts";
import { centeredInt } from "../centered-int.ts";
import { ternary } from "../ternary.ts";

export interface Width {
  /** Bits per code as packed: 0 (the row is dropped), 1, 1.6 (ternary), 2 .. 8. */
  readonly bits: number;
  /** Mean squared error of a weight, relative to its mean square: 0..1. */
  readonly distortion: number;
  /** Bytes of a table that a matrix stores once if it has rows of this width. Default 0. */
  readonly tableBytes?: number;
}

interface KnownWidth {
  readonly levels: number;
  readonly distortion: number;
  readonly tableBytes?: number;
  readonly quantizer: () => Quantizer;
}

/** By bits per code, ascending. */
const known: ReadonlyMap<number, KnownWidth> = new Map([
  [1, { levels: 2, distortion: 0.36338, tableBytes: 8, quantizer: binary }],
  [1.6, { levels: 3, distortion: 0.190174, quantizer: ternary }],
  [2, { levels: 4, distortion: 0.118846, quantizer: () => centeredInt(2) }],
  [3, { levels: 8, distortion: 0.0374397, quantizer: () => centeredInt(3) }],
  [4, { levels: 16, distortion: 0.0115429, quantizer: () => centeredInt(4) }],
  [5, { levels: 32, distortion: 0.00349521, quantizer: () => centeredInt(5) }],
  [6, { levels: 64, distortion: 0.00104005, quantizer: () => centeredInt(6) }],
  [7, { levels: 128, distortion: 3.04333e-4, quantizer: () => centeredInt(7) }],
  [8, { levels: 256, distortion: 8.76862e-5, quantizer: () => centeredInt(8) }],
]);

/** A float16 per row. */
const SCALE_BYTES = 2;

/** Every width there is, in bits per code: 0, 1, 1.6, 2, 3, .. 8. */
export const widthBits: readonly number[] = [0, ...known.keys()];

/**
 * Widths with the distortion that {@link quantizerOfWidth} has on Gaussian weights.
 *
 * @param bits bits per code; default all of {@link widthBits}
 * @throws UsageError if a width is none of them
 */
export function gaussianWidths(bits: readonly number[] = widthBits): readonly Width[] {
  return bits.map((b) => {
    if (b === 0) return { bits: 0, distortion: 1 };
    const { distortion, tableBytes = 0 } = knownWidth(b);
    return { bits: b, distortion, tableBytes };
  });
}

/**
 * The quantizer of a width, of those on a uniform grid with a scale per row the one with the least error; undefined at 0 bits.
 *
 * @throws UsageError if the width is none of {@link widthBits}
 */
export function quantizerOfWidth(bits: number): Quantizer | undefined {
  return bits === 0 ? undefined : knownWidth(bits).quantizer();
}

/**
 * Bytes of a row of `dIn` weights and its scale.
 *
 * @throws UsageError if the width is none of {@link widthBits}
 */
export function rowBytes(bits: number, dIn: number): number {
  return bits === 0 ? 0 : packedRowBytes(dIn, knownWidth(bits).levels) + SCALE_BYTES;
}

function knownWidth(bits: number): KnownWidth {
  const width = known.get(bits);
  if (width === undefined) throw new UsageError(`width ${bits} is unknown; allowed: ${widthBits.join(", ")} bits`);
  return width;
}
