/**
 * Codes to weights on any backend, by the same float32 operations in the same order as the runtime's `dequantizeMatrix`:
 * bit for bit the same weights.
 */
import type { DequantizeRule, PlaneRule } from "@qsae/runtime";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";

/** The part of a quantizer that decoding needs. */
export interface Decodable {
  readonly codes: readonly [min: number, max: number];
  readonly dequantize: DequantizeRule;
}

/** codes `[d_sae, d_in]` (`[planes, d_sae, d_in]` for a sum) and scale (likewise) to weights `[d_sae, d_in]`. */
export function dequantize(
  ops: TensorOps,
  { codes: range, dequantize: rule }: Decodable,
  codes: Tensor,
  scale: Tensor,
): Tensor {
  if (rule.kind !== "sum") return ops.tidy(() => values(ops, rule, range[0], codes, scale));
  return ops.tidy(() => {
    const planes = Array.from({ length: rule.planes }, (_, plane) =>
      values(ops, rule.each, range[0], planeOf(ops, codes, plane), planeOf(ops, scale, plane)),
    );
    return planes.reduce((sum, plane) => ops.add(sum, plane));
  });
}

/**
 * Gradient to the scale when codes are held fixed: weights are linear in the scale, so it is the sum of `dy * level` over
 * the entries that share a scale. Same shape as `scale`.
 */
export function scaleGradient(
  ops: TensorOps,
  { codes: range, dequantize: rule }: Decodable,
  dy: Tensor,
  codes: Tensor,
  scale: Tensor,
): Tensor {
  return ops.tidy(() => {
    if (rule.kind !== "sum") return gradientOfPlane(ops, rule, range[0], dy, codes, scale);
    const planes = Array.from({ length: rule.planes }, (_, plane) => {
      const [codesHere, scaleHere] = [planeOf(ops, codes, plane), planeOf(ops, scale, plane)];
      return ops.reshape(gradientOfPlane(ops, rule.each, range[0], dy, codesHere, scaleHere), [1, ...scaleHere.shape]);
    });
    return ops.concat(planes, 0);
  });
}

function values(ops: TensorOps, rule: PlaneRule, min: number, codes: Tensor, scale: Tensor): Tensor {
  if (rule.kind === "affine") return ops.gridValues(codes, scale, rule.offset ?? 0);
  return ops.gridValues(tableLevels(ops, rule.levels, min, codes), scale, 0);
}

function gradientOfPlane(
  ops: TensorOps,
  rule: PlaneRule,
  min: number,
  dy: Tensor,
  codes: Tensor,
  scale: Tensor,
): Tensor {
  if (rule.kind === "affine") return ops.gridScaleGradient(dy, codes, scale, rule.offset ?? 0);
  return ops.gridScaleGradient(dy, tableLevels(ops, rule.levels, min, codes), scale, 0);
}

/** What a code stands for before scaling. */
function tableLevels(ops: TensorOps, levels: readonly number[], min: number, codes: Tensor): Tensor {
  const table = ops.tensor(levels, [levels.length]);
  const positions = ops.toInt32(ops.reshape(ops.sub(codes, min), [-1]));
  return ops.reshape(ops.gather(table, positions), codes.shape);
}

function planeOf(ops: TensorOps, a: Tensor, plane: number): Tensor {
  const [, rows, cols] = a.shape as [number, number, number];
  return ops.reshape(ops.slice(a, [plane, 0, 0], [1, rows, cols]), [rows, cols]);
}
