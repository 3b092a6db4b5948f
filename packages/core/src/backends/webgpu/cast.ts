/**
 * tfjs's WebGPU backend makes a tensor of another type of an int32 or bool one without touching its buffer, and has its own
 * kernels look up what the numbers are. Ours take float32 for what it says: here a cast to float32 is one.
 */
import { getKernel, type DataType, type TensorInfo } from "@tensorflow/tfjs";
import type { WebGpuKernel } from "./define-kernel.ts";

export const cast: WebGpuKernel = {
  name: "Cast",
  run: (backend, { x }, attributes) => {
    const attrs = attributes as { readonly dtype: DataType };
    const relabelled = getKernel("Cast", "webgpu").kernelFunc({ inputs: { x: x! }, attrs, backend }) as TensorInfo;
    const { dtype } = backend.tensorMap.get(relabelled.dataId);
    if (attrs.dtype !== "float32" || dtype === "float32") return relabelled;
    const one = backend.makeTensorInfo([], "float32", Float32Array.of(1));
    const multiply = getKernel("Multiply", "webgpu");
    const converted = multiply.kernelFunc({ inputs: { a: relabelled, b: one }, backend }) as TensorInfo;
    for (const { dataId } of [relabelled, one]) backend.disposeData(dataId);
    return converted;
  },
};
