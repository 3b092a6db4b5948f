/**
 * Nested codes: the top m bits of an n-bit code are a valid m-bit code, for every m (the idea of Nair et al. 2025, "Matryoshka
 * quantization", here without any training). They are the centred codes of `centered-int.ts`, floor(w / s) clipped to n bits,
 * since
 *
 *     floor(floor(w / s) / 2^(n-m)) = floor(w / (2^(n-m) s)),
 *
 * with the scale 2^(n-m) s and again half a level added, and clipping commutes with it. One scale cannot be the best for every m:
 * few bits want the outermost levels near to 0, many bits far. The scale is chosen for the weighted sum of the errors of all
 * widths. `truncateCodes` cuts packed codes.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import { midRise } from "./mid-rise.ts";
import type { ScaleOptions } from "./scale-options.ts";
import { searchScale } from "./search-scale.ts";
import { shareScale } from "./share-scale.ts";

export interface NestedOptions extends ScaleOptions {
  /**
   * What the squared error of each width counts, from 1 bit to all; 0 for widths that will not be used. Default: 4^m for m bits, by
   * which the errors of good quantizers of all widths count alike, an error falling to about a quarter with each bit.
   */
  readonly widthWeights?: readonly number[];
}

/**
 * Codes of `bits` bits, 1 to 8, whose top m bits are codes of m bits, with a scale per atom, or as `per` says.
 *
 * @throws UsageError if bits is not an integer in 1..8, there are not as many weights, they are not finite and at least 0, the
 *   last one positive, or `per` is no way to share scales
 * @example
 * const quantizer = nested(4);
 * const onlyWidest = nested(4, { widthWeights: [0, 0, 0, 1] }); // the scale of centeredInt(4)
 */
export function nested(bits: number, { per, widthWeights }: NestedOptions = {}): Quantizer {
  if (!Number.isInteger(bits) || bits < 1 || bits > 8) {
    throw new UsageError(`quantizer nested: bits=${bits} is not allowed; use an integer in 1..8`);
  }
  const weights = widthWeights ?? Array.from({ length: bits }, (_, i) => 4 ** (i + 1));
  const sensible = weights.length === bits && weights.every((weight) => Number.isFinite(weight) && weight >= 0);
  if (!sensible || weights.at(-1) === 0) {
    throw new UsageError(
      `quantizer nested: widthWeights=[${weights.join(", ")}] are not allowed; give ${bits} finite numbers of at least 0, for 1 to ${bits} bits, the last one positive`,
    );
  }
  const { codes, largestLevel, encode, levels } = midRise(bits);
  const others = weights.slice(0, -1).map((weight, i) => ({
    weight: weight / weights.at(-1)!,
    round: levelsOfTop(i + 1, bits),
  }));
  const perRow = defineQuantizer({
    id: "nested",
    options: { bits, ...(widthWeights && { weights: widthWeights.join(",") }) },
    codes,
    dequantize: { kind: "affine", offset: 0.5 },
    calibrate: (ops, w) => ({
      scale: searchScale(ops, w, { largestLevel, round: levels, others: others.filter(({ weight }) => weight > 0) }),
    }),
    encode: (ops, w, { scale }) => encode(ops, w, scale),
  });
  return shareScale(perRow, per);
}

/** Levels of the top m of n bits, in units of the n-bit scale. */
function levelsOfTop(m: number, n: number): (ops: TensorOps, w: Tensor, scale: Tensor) => Tensor {
  const { levels } = midRise(m);
  const factor = 2 ** (n - m);
  return (ops, w, scale) => ops.mul(levels(ops, w, ops.mul(scale, factor)), factor);
}
