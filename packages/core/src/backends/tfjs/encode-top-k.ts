/**
 * `encodeTopK`: values and indices of the k largest of `x W_enc + b_enc` per row, as a tfjs kernel composed of tfjs's own
 * ops. This form materialises `[n, d_sae]`; it is the oracle for kernels that do not.
 *
 * Gradient: with P the scatter of dvalues to `[n, d_sae]`, dx = P W_enc^T, dW_enc = x^T P, db_enc = column sums of P.
 */
import * as tf from "@tensorflow/tfjs";
import { ascendingRows, flatPositions, scatterRows } from "./rows.ts";
import { multiplyTransposed } from "./multiply-transposed.ts";

export const ENCODE_TOP_K = "QsaeEncodeTopK";

export function composedEncodeTopK(x: tf.Tensor2D, wEnc: tf.Tensor2D, bEnc: tf.Tensor1D, k: number): tf.Tensor[] {
  return tf.tidy(() => {
    const [n] = x.shape;
    const dSae = wEnc.shape[1];
    if (n === 0) return [tf.zeros([0, k]), tf.zeros([0, k], "int32")];
    const preActivations = tf.add(tf.matMul(x, wEnc), bEnc); // [n, d_sae]
    const indices = ascendingRows(tf.topk(preActivations, k).indices as tf.Tensor2D); // [n, k]
    const values = tf.gather(tf.reshape(preActivations, [n * dSae]), flatPositions(indices, dSae));
    return [tf.reshape(values, [n, k]), indices];
  });
}

export const encodeTopKGradient: tf.GradConfig = {
  kernelName: ENCODE_TOP_K,
  inputsToSave: ["x", "wEnc"],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => {
    const [dValues] = dys as tf.Tensor[];
    const [x, wEnc, indices] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const dPre = scatterRows(dValues as tf.Tensor2D, indices, wEnc.shape[1]); // [n, d_sae]
    return {
      x: () => multiplyTransposed(dPre, wEnc, "second"), // [n, d_in]
      wEnc: () => multiplyTransposed(x, dPre, "first"), // [d_in, d_sae]
      bEnc: () => tf.sum(dPre, 0), // [d_sae]
    };
  },
};
