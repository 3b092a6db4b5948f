import type { Tensor as TfTensor } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import type { AdamSlot, TensorOps } from "../../contracts/tensor-ops.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";
import { folded, THREADS } from "./workgroups.ts";

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
    const length = elementCount(param.shape);
    const { row, workgroups } = folded(Math.ceil(length / THREADS));
    const changed = [param, m, v].map((a) => storage.bufferToChange(a));
    storage.run(
      "adam",
      [...changed, storage.buffer(grad as TfTensor)],
      [
        { u32: length },
        { u32: row },
        { f32: lr / (1 - beta1 ** step) },
        { f32: beta1 },
        { f32: beta2 },
        { f32: eps },
        { f32: 1 / (1 - beta2 ** step) },
      ],
      workgroups,
    );
    return { param, m, v };
  };
