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
  if (rule.kind !== "sum") return ops.tidy(() => timesScale(ops, levels(ops, rule, range[0], codes), scale));
  return ops.tidy(() => {
    const planes = Array.from({ length: rule.planes }, (_, plane) =>
      timesScale(ops, levels(ops, rule.each, range[0], planeOf(ops, codes, plane)), planeOf(ops, scale, plane)),
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
    if (rule.kind !== "sum") return sumOverScale(ops, ops.mul(dy, levels(ops, rule, range[0], codes)), scale.shape);
    const [, rows, groups] = scale.shape as [number, number, number];
    const planes = Array.from({ length: rule.planes }, (_, plane) => {
      const products = ops.mul(dy, levels(ops, rule.each, range[0], planeOf(ops, codes, plane)));
      return ops.reshape(sumOverScale(ops, products, [rows, groups]), [1, rows, groups]);
    });
    return ops.concat(planes, 0);
  });
}

/** What a code stands for before scaling. */
function levels(ops: TensorOps, rule: PlaneRule, min: number, codes: Tensor): Tensor {
  if (rule.kind === "affine") return ops.add(codes, rule.offset ?? 0);
  const table = ops.tensor(rule.levels, [rule.levels.length]);
  const positions = ops.toInt32(ops.reshape(ops.sub(codes, min), [-1]));
  return ops.reshape(ops.gather(table, positions), codes.shape);
}

/** `values [rows, cols] * scale`, where scale is [rows | 1, groups] and groups divides cols. */
function timesScale(ops: TensorOps, values: Tensor, scale: Tensor): Tensor {
  const groups = scale.shape[1]!;
  if (groups === 1) return ops.mul(values, scale);
  const [rows, cols] = values.shape as [number, number];
  const grouped = ops.reshape(values, [rows, groups, cols / groups]);
  const perGroup = ops.reshape(scale, [scale.shape[0]!, groups, 1]);
  return ops.reshape(ops.mul(grouped, perGroup), [rows, cols]);
}

function sumOverScale(ops: TensorOps, products: Tensor, [scaleRows, groups]: readonly number[]): Tensor {
  const [rows, cols] = products.shape as [number, number];
  const perGroup = ops.sum(ops.reshape(products, [rows, groups!, cols / groups!]), 2); // [rows, groups]
  return scaleRows === rows ? perGroup : ops.sum(perGroup, 0, true);
}

function planeOf(ops: TensorOps, a: Tensor, plane: number): Tensor {
  const [, rows, cols] = a.shape as [number, number, number];
  return ops.reshape(ops.slice(a, [plane, 0, 0], [1, rows, cols]), [rows, cols]);
}
