/**
 * `decodeSparse`: `xhat[i] = sum_j values[i, j] W_dec[indices[i, j]]`, composed of tfjs's own ops by way of dense latents.
 *
 * Gradient: dvalues[i, j] = <dy[i], W_dec[indices[i, j]]>, dW_dec = Z^T dy with Z the dense latents.
 */
import * as tf from "@tensorflow/tfjs";
import { multiplyTransposed } from "./multiply-transposed.ts";
import { flatPositions, scatterRows } from "./rows.ts";

export const DECODE_SPARSE = "QsaeDecodeSparse";

export function composedDecodeSparse(values: tf.Tensor2D, indices: tf.Tensor2D, wDec: tf.Tensor2D): tf.Tensor2D {
  const [n] = values.shape;
  const [dSae, dIn] = wDec.shape;
  if (n === 0) return tf.zeros([0, dIn]);
  return tf.tidy(() => tf.matMul(scatterRows(values, indices, dSae), wDec));
}

export const decodeSparseGradient: tf.GradConfig = {
  kernelName: DECODE_SPARSE,
  inputsToSave: ["values", "indices", "wDec"],
  gradFunc: (dy, saved) => {
    const [values, indices, wDec] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const [n, k] = values.shape;
    const dSae = wDec.shape[0];
    return {
      values: () => {
        if (n === 0) return tf.zeros([0, k]);
        const dDense = multiplyTransposed(dy as tf.Tensor2D, wDec, "second"); // [n, d_sae]
        return tf.reshape(tf.gather(tf.reshape(dDense, [n * dSae]), flatPositions(indices, dSae)), [n, k]);
      },
      indices: () => tf.zeros(indices.shape),
      wDec: () => multiplyTransposed(scatterRows(values, indices, dSae), dy as tf.Tensor2D, "first"), // [d_sae, d_in]
    };
  },
};
