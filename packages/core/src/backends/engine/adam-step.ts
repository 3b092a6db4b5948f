/** Adam in place, fused (Kingma & Ba 2015, algorithm 1). */
import type { Tensor as TfTensor } from "@tensorflow/tfjs";
import { adam } from "@qsae/runtime/training";
import { elementCount } from "@qsae/runtime";
import type { AdamSlot, TensorOps } from "../../contracts/tensor-ops.ts";
import type { EngineStorage } from "./engine-storage.ts";

/** A tensor that shares its storage with another one must not change under it. */
function owned(storage: EngineStorage, a: TfTensor): TfTensor {
  if (storage.refCount(a.dataId) === 1) return a;
  const copy = storage.create(a.shape);
  const length = elementCount(a.shape);
  storage.engine.f32(copy.pointer, length).set(storage.engine.f32(storage.pointer(a), length));
  const tensor = storage.toTensor(copy.info);
  a.dispose();
  return tensor;
}

export const engineAdamStep =
  (storage: EngineStorage): TensorOps["adamStep"] =>
  (slot, grad, options): AdamSlot => {
    const [param, m, v] = [slot.param, slot.m, slot.v].map((a) => owned(storage, a as TfTensor)) as [
      TfTensor,
      TfTensor,
      TfTensor,
    ];
    adam(storage.engine, {
      param: storage.pointer(param),
      m: storage.pointer(m),
      v: storage.pointer(v),
      gradient: storage.pointer(grad as TfTensor),
      length: elementCount(param.shape),
      ...options,
    });
    return { param, m, v };
  };
