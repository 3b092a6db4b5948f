/**
 * Gradients of the SAE kernels, in terms of other SAE kernels. The backward pass of a TopK SAE is sparse: only k of d_sae
 * latents per token have a gradient.
 *
 *     encodeTopK:   dW_enc = (x - center)^T P,  db_enc = column sums of P,  dx = P W_enc^T,  dcenter = -W_enc db_enc
 *                   with P the scatter of dvalues to [n, d_sae]
 *     gridValues:   dcodes = dy scale,  dscale = sum of dy (codes + offset) over the numbers of a scale
 *     decodeSparse: dvalues[i, j] = <dy[i], W_dec[indices[i, j]]>,  dW_dec = Z^T dy with Z the scatter of values
 */
import * as tf from "@tensorflow/tfjs";
import { runPairKernel, runSaeKernel, saeKernel } from "./sae-kernel.ts";

const encodeTopKGradient: tf.GradConfig = {
  kernelName: saeKernel.encodeTopK,
  inputsToSave: ["x", "wEnc", "center"],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => {
    const dValues = (dys as tf.Tensor[])[0]!;
    const [x, wEnc, center, indices] = saved as [tf.Tensor, tf.Tensor2D, tf.Tensor, tf.Tensor];
    const [dIn, dSae] = wEnc.shape;
    const [dWEnc, dBEnc] = runPairKernel("encoderGradient", { dValues, indices, x, center }, { dSae });
    return {
      x: () => runSaeKernel("inputGradient", { dValues, indices, wEnc }),
      wEnc: () => dWEnc,
      bEnc: () => dBEnc,
      // The center is subtracted from every token, so its gradient is minus the column sums of dx.
      center: () => tf.tidy(() => tf.neg(tf.reshape(tf.matMul(wEnc, tf.reshape(dBEnc, [dSae, 1])), [dIn]))),
    };
  },
};

const decodeSparseGradient: tf.GradConfig = {
  kernelName: saeKernel.decodeSparse,
  inputsToSave: ["values", "indices", "wDec"],
  gradFunc: (dy, saved) => {
    const [values, indices, wDec] = saved as [tf.Tensor, tf.Tensor, tf.Tensor2D];
    return {
      values: () => runSaeKernel("latentGradient", { dy: dy as tf.Tensor, indices, wDec }),
      indices: () => tf.zeros(indices.shape), // tfjs asks for a float32 gradient of an int32 input
      wDec: () => runSaeKernel("decoderGradient", { dy: dy as tf.Tensor, values, indices }, { dSae: wDec.shape[0] }),
    };
  },
};

/** `y = (codes + offset) scale` */
const gridValuesGradient: tf.GradConfig = {
  kernelName: saeKernel.gridValues,
  inputsToSave: ["codes", "scale"],
  gradFunc: (dy, saved, attributes) => {
    const [codes, scale] = saved as [tf.Tensor, tf.Tensor];
    const dOut = dy as tf.Tensor;
    return {
      codes: () => runSaeKernel("gridValues", { codes: dOut, scale }, { offset: 0 }),
      scale: () => runSaeKernel("gridScaleGradient", { dy: dOut, codes, scale }, attributes),
    };
  },
};

/** Tells tfjs the gradients, once for all backends. */
export function registerSaeGradients(): void {
  if (tf.getGradient(saeKernel.encodeTopK)) return;
  tf.registerGradient(encodeTopKGradient);
  tf.registerGradient(decodeSparseGradient);
  tf.registerGradient(gridValuesGradient);
}
