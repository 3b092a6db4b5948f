/**
 * Learned step size quantization (Esser et al. 2020, "LSQ", eq. 3 and 5). Rounding is straight through inside scale * round(w / scale),
 * so that the scale also learns from where weights lie between levels:
 *
 *     dq / dw     = 1 between the outermost levels, else 0
 *     dq / dscale = level - w / scale between the outermost levels, else level
 *
 * The straight-through default instead has dq / dscale = level everywhere, which is exact while codes stand.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, scaleGradient, type Quantizer } from "@qsae/core";
import { withinRange } from "./within-range.ts";

export interface LearnedStepOptions {
  /**
   * Whether the scale's gradient is divided by sqrt(N Q), N being the weights that share a scale and Q the largest level (section
   * 2.2). Default: false. Adam divides it out again; plain gradient descent needs it.
   */
  readonly gradientScale?: boolean;
}

/**
 * The quantizer with LSQ's gradients. Variants learn the logarithm of the scale, through which this gradient goes on. Stored as the
 * option `estimator`, `lsq` or `lsq-scaled`.
 *
 * @throws UsageError for a sum of planes: where a weight lies between the levels of one depends on those before it
 * @example
 * const quantizer = learnedStep(int(4));
 */
export function learnedStep(quantizer: Quantizer, { gradientScale = false }: LearnedStepOptions = {}): Quantizer {
  const { id, codes, dequantize: rule } = quantizer;
  if (rule.kind === "sum") {
    throw new UsageError(
      `learnedStep: quantizer ${id} is a sum of ${rule.planes} planes, which LSQ does not define; use straightThrough or clippedStraightThrough`,
    );
  }
  const levels = rule.kind === "table" ? rule.levels : codes.map((code) => code + (rule.offset ?? 0));
  const largestLevel = Math.max(...levels);
  const weightsThemselves = { codes, dequantize: { kind: "affine" } } as const;
  return defineQuantizer({
    ...quantizer,
    options: { ...quantizer.options, estimator: gradientScale ? "lsq-scaled" : "lsq" },
    backward: (ops, dy, w, grid) => {
      const { scale } = grid;
      const inside = withinRange(ops, quantizer, w, scale); // [d_sae, d_in]
      const ofLevels = scaleGradient(ops, quantizer, dy, quantizer.encode(ops, w, grid), scale);
      const ofWeights = scaleGradient(ops, weightsThemselves, dy, ops.mul(w, inside), scale);
      const sharing = elements(w.shape) / elements(scale.shape);
      const factor = gradientScale ? 1 / Math.sqrt(sharing * largestLevel) : 1;
      return {
        w: ops.mul(dy, inside),
        scale: ops.mul(ops.sub(ofLevels, ops.div(ofWeights, scale)), factor),
      };
    },
  });
}

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
