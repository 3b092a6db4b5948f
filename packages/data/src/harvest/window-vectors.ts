/** What comes out of a language model: one vector per token. */
import { decodeFloats, UsageError } from "@qsae/runtime";
import type * as Onnxruntime from "onnxruntime-node";

export interface WindowVectors {
  /** `[n, context, d]` */
  readonly values: Float32Array;
  readonly d: number;
}

/**
 * The first n windows of a result, as float32.
 *
 * @param what what errors call the tensor
 * @throws UsageError if it is not `[batch, context, d]` of float32 or float16
 */
export function windowFloats(result: Onnxruntime.Tensor, n: number, context: number, what: string): WindowVectors {
  const d = result.dims[2];
  if (result.dims.length !== 3 || result.dims[0]! < n || result.dims[1] !== context || d === undefined || d === 0) {
    throw new UsageError(
      `${what} has shape [${result.dims.join(", ")}]; expected [batch, tokens, d]; choose a tensor of the residual stream`,
    );
  }
  const { buffer, byteOffset, byteLength } = result.data as Float32Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const values = (): Float32Array => {
    switch (result.type) {
      case "float32":
        return result.data as Float32Array;
      case "float16":
        return decodeFloats(bytes, "F16");
      default:
        throw new UsageError(`${what} is ${result.type}; expected float32 or float16`);
    }
  };
  return { values: values().subarray(0, n * context * d), d };
}
