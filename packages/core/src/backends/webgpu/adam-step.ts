import type { Tensor as TfTensor } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import type { AdamSlot, TensorOps } from "../../contracts/tensor-ops.ts";
import { partsOf } from "./parts.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";
import { threadsFor } from "./workgroups.ts";

/** A tensor that shares its storage with another one must not change under it. */
function owned(storage: WebGpuStorage, a: TfTensor): TfTensor {
  if (storage.refCount(a.dataId) === 1) return a;
  const tensor = storage.toTensor(storage.copied(a));
  a.dispose();
  return tensor;
}

/** Adam in place: kernels/adam.ts. */
export const webgpuAdamStep =
  (storage: WebGpuStorage): TensorOps["adamStep"] =>
  (slot, grad, { lr, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, step }): AdamSlot => {
    const [param, m, v] = [slot.param, slot.m, slot.v].map((a) => owned(storage, a as TfTensor)) as [
      TfTensor,
      TfTensor,
      TfTensor,
    ];
    const changed = [param, m, v].map((a) => storage.bufferToChange(a));
    const buffers = [...changed, storage.buffer(grad as TfTensor)];
    const rates = [lr / (1 - beta1 ** step), beta1, 1 - beta1, beta2, 1 - beta2, eps, 1 / (1 - beta2 ** step)].map(
      (f32) => ({ f32 }),
    );
    for (const part of partsOf(elementCount(param.shape), 4, storage.bindingBytes)) {
      const bindings = buffers.map((buffer) => bindPart(buffer, part, 4));
      storage.run("adam", bindings, [{ u32: part.count }, ...rates], threadsFor(part.count));
    }
    return { param, m, v };
  };
