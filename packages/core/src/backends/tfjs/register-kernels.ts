/** Gives a tfjs backend the SAE kernels, composed of its own ops, and tfjs their gradients. Idempotent. */
import * as tf from "@tensorflow/tfjs";
import { composedDecodeSparse, DECODE_SPARSE, decodeSparseGradient } from "./decode-sparse.ts";
import { composedEncodeTopK, ENCODE_TOP_K, encodeTopKGradient } from "./encode-top-k.ts";

export function registerSaeKernels(backendName: string): void {
  if (tf.getKernel(ENCODE_TOP_K, backendName)) return;
  tf.registerKernel({
    kernelName: ENCODE_TOP_K,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { x, wEnc, bEnc } = inputs as unknown as { x: tf.Tensor2D; wEnc: tf.Tensor2D; bEnc: tf.Tensor1D };
      return composedEncodeTopK(x, wEnc, bEnc, (attrs as unknown as { k: number }).k);
    },
  });
  tf.registerKernel({
    kernelName: DECODE_SPARSE,
    backendName,
    kernelFunc: ({ inputs }) => {
      const { values, indices, wDec } = inputs as unknown as Record<"values" | "indices" | "wDec", tf.Tensor2D>;
      return composedDecodeSparse(values, indices, wDec);
    },
  });
  if (!tf.getGradient(ENCODE_TOP_K)) {
    tf.registerGradient(encodeTopKGradient);
    tf.registerGradient(decodeSparseGradient);
  }
}
