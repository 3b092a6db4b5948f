/** Moving entries between k columns per row and `width` columns per row. None of these is differentiable. */
import * as tf from "@tensorflow/tfjs";

/** Positions of `indices [n, k]` in a flattened `[n, width]`: `[n * k]` int32. */
function flatPositions(indices: tf.Tensor2D, width: number): tf.Tensor1D {
  const [n, k] = indices.shape;
  return tf.tidy(() => {
    const rowStarts = tf.mul(tf.range(0, n, 1, "int32"), tf.scalar(width, "int32"));
    return tf.reshape(tf.add(indices, tf.reshape(rowStarts, [n, 1])), [n * k]);
  });
}

/** `source [n, width]` at `indices [n, k]` of each row: `[n, k]`. */
export function gatherFromRows(source: tf.Tensor2D, indices: tf.Tensor2D): tf.Tensor2D {
  const [n, width] = source.shape;
  return tf.tidy(() => {
    const picked = tf.gather(tf.reshape(source, [n * width]), flatPositions(indices, width));
    return tf.reshape(picked, indices.shape);
  });
}

/** `values [n, k]` at `indices [n, k]` of a zero `[n, width]`. */
export function scatterRows(values: tf.Tensor2D, indices: tf.Tensor2D, width: number): tf.Tensor2D {
  const [n, k] = values.shape;
  if (n === 0) return tf.zeros([0, width]);
  return tf.tidy(() => {
    const positions = tf.reshape(flatPositions(indices, width), [n * k, 1]);
    const dense = tf.scatterND(positions, tf.reshape(values, [n * k]), [n * width]);
    return tf.reshape(dense, [n, width]);
  });
}

/** Each row of int32 `indices [n, k]` sorted ascending. */
export function ascendingRows(indices: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const descending = tf.topk<tf.Tensor2D>(tf.neg(tf.cast(indices, "float32")), indices.shape[1]).values;
    return tf.cast(tf.neg(descending), "int32");
  });
}
