import { dequantize, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";

/** 1 where w `[d_sae, d_in]` lies between the quantizer's outermost levels, else 0. For a sum: between those of all planes. */
export function withinRange(ops: TensorOps, quantizer: Quantizer, w: Tensor, scale: Tensor): Tensor {
  const { dequantize: rule } = quantizer;
  const shape = rule.kind === "sum" ? [rule.planes, ...w.shape] : w.shape;
  const [lowest, highest] = outermost(quantizer).map((code) =>
    dequantize(ops, quantizer, ops.fill(shape, code), scale),
  );
  return ops.mul(ops.greaterEqual(w, lowest!), ops.greaterEqual(highest!, w));
}

/** Codes of the smallest and the largest level. */
function outermost({ codes: [min, max], dequantize: rule }: Quantizer): readonly [number, number] {
  const each = rule.kind === "sum" ? rule.each : rule;
  if (each.kind === "affine") return [min, max];
  const { levels } = each;
  return [min + levels.indexOf(Math.min(...levels)), min + levels.indexOf(Math.max(...levels))];
}
