/**
 * The SAE kernels every backend brings, by tfjs kernel name. Each is one op of {@link TensorOps} or a part of its gradient.
 *
 * | kernel | inputs | attributes | outputs |
 * |---|---|---|---|
 * | encodeTopK | x `[n, d_in]`, wEnc `[d_in, d_sae]`, bEnc `[d_sae]`, center `[d_in]` | k | values `[n, k]`, indices `[n, k]` |
 * | encoderGradient | dValues, indices `[n, k]`, x, center | dSae | dW_enc `[d_in, d_sae]`, db_enc `[d_sae]` |
 * | inputGradient | dValues, indices `[n, k]`, wEnc | | dx `[n, d_in]` |
 * | batchTopKMask | values `[n, m]` | count | 1 for the count largest, else 0: `[n, m]` |
 * | decodeSparse | values, indices `[n, k]`, wDec `[d_sae, d_in]` | | xhat `[n, d_in]` |
 * | latentGradient | dy `[n, d_in]`, indices `[n, k]`, wDec | | dvalues `[n, k]` |
 * | decoderGradient | dy `[n, d_in]`, values, indices `[n, k]` | dSae | dW_dec `[d_sae, d_in]` |
 * | countFired | values, indices `[n, k]` | dSae | `[d_sae]` |
 * | normalizeRows | x `[rows, columns]` | minNorm | `[rows, columns]` |
 * | removeParallel | gradient, atoms `[rows, columns]` | | `[rows, columns]` |
 * | gridCodes | w `[rows, columns]`, scale `[rows or 1, groups]` | min, max, rounding | `[rows, columns]` |
 * | gridValues | codes `[rows, columns]`, scale `[rows or 1, groups]` | offset | `[rows, columns]` |
 * | gridScaleGradient | dy, codes `[rows, columns]`, scale, of which only the shape counts | offset | `[rows or 1, groups]` |
 */
import * as tf from "@tensorflow/tfjs";

export const saeKernel = {
  encodeTopK: "QsaeEncodeTopK",
  encoderGradient: "QsaeEncoderGradient",
  inputGradient: "QsaeInputGradient",
  batchTopKMask: "QsaeBatchTopKMask",
  decodeSparse: "QsaeDecodeSparse",
  latentGradient: "QsaeLatentGradient",
  decoderGradient: "QsaeDecoderGradient",
  countFired: "QsaeCountFired",
  normalizeRows: "QsaeNormalizeRows",
  removeParallel: "QsaeRemoveParallel",
  gridCodes: "QsaeGridCodes",
  gridValues: "QsaeGridValues",
  gridScaleGradient: "QsaeGridScaleGradient",
} as const;

export type SaeKernelName = keyof typeof saeKernel;

/** Runs a kernel with one output on the active backend. */
export function runSaeKernel(
  name: SaeKernelName,
  inputs: Record<string, tf.Tensor>,
  attributes: object = {},
): tf.Tensor {
  return tf.engine().runKernel<tf.Tensor>(saeKernel[name], inputs, attributes as tf.NamedAttrMap);
}

/** Runs a kernel with two outputs on the active backend. */
export function runPairKernel(
  name: "encodeTopK" | "encoderGradient",
  inputs: Record<string, tf.Tensor>,
  attributes: object,
): [tf.Tensor, tf.Tensor] {
  return tf.engine().runKernel<[tf.Tensor, tf.Tensor]>(saeKernel[name], inputs, attributes as tf.NamedAttrMap);
}
