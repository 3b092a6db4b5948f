/**
 * tfjs's WebGPU backend makes a tensor of another type of an int32 or bool one without touching its buffer, and has its own
 * kernels look up what the numbers are. Ours take float32 for what it says: here a cast to float32 is one.
 */
import { util, type DataType } from "@tensorflow/tfjs";
import type { WebGpuKernel } from "./define-kernel.ts";
import { elementwise } from "./elementwise.ts";
import { tfjsKernel } from "./in-row-parts.ts";

export const cast: WebGpuKernel = {
  name: "Cast",
  run: (backend, { x }, attributes) => {
    const attrs = attributes as { readonly dtype: DataType };
    if (util.hasEncodingLoss(x!.dtype, attrs.dtype)) return elementwise(backend, "Cast", { x: x! }, attributes);
    const relabelled = tfjsKernel("Cast", backend, { x: x! }, attributes);
    const { dtype } = backend.tensorMap.get(relabelled.dataId);
    if (attrs.dtype !== "float32" || dtype === "float32") return relabelled;
    const one = backend.makeTensorInfo([], "float32", Float32Array.of(1));
    const converted = elementwise(backend, "Multiply", { a: relabelled, b: one });
    for (const { dataId } of [relabelled, one]) backend.disposeData(dataId);
    return converted;
  },
};
