/** Fake-quantization to uniform grids, composed of tfjs's ops. A scale `[rows | 1, groups]` belongs to columns / groups numbers. */
import * as tf from "@tensorflow/tfjs";
import type { UniformGrid } from "../../contracts/tensor-ops.ts";

export function gridCodes(w: tf.Tensor2D, scale: tf.Tensor2D, { min, max, rounding }: UniformGrid): tf.Tensor {
  const units = withScale(tf.div, w, scale);
  return tf.clipByValue(rounding === "down" ? tf.floor(units) : tf.round(units), min, max);
}

export const gridValues = (codes: tf.Tensor2D, scale: tf.Tensor2D, offset: number): tf.Tensor =>
  withScale(tf.mul, tf.add(codes, offset), scale);

export function gridScaleGradient(
  dy: tf.Tensor2D,
  codes: tf.Tensor2D,
  [scaleRows, groups]: readonly [number, number],
  offset: number,
): tf.Tensor {
  const [rows, columns] = codes.shape;
  const products = tf.mul(dy, tf.add(codes, offset));
  const perGroup = tf.sum(tf.reshape(products, [rows, groups, columns / groups]), 2); // [rows, groups]
  return scaleRows === rows ? perGroup : tf.sum(perGroup, 0, true);
}

function withScale(op: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor, values: tf.Tensor2D, scale: tf.Tensor2D): tf.Tensor {
  const [scaleRows, groups] = scale.shape;
  if (groups === 1) return op(values, scale);
  const [rows, columns] = values.shape;
  const grouped = tf.reshape(values, [rows, groups, columns / groups]);
  return tf.reshape(op(grouped, tf.reshape(scale, [scaleRows, groups, 1])), [rows, columns]);
}
