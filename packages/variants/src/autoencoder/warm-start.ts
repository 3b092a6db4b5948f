import { UsageError, type HostTensors } from "@qsae/runtime";
import type { TensorOps, Tensors } from "@qsae/core";

/** `fresh` with the warm-started parameters in place of those of the same name. @throws UsageError if a shape differs */
export function warmStarted(ops: TensorOps, variant: string, warmStart: HostTensors, fresh: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(fresh).map(([name, tensor]) => {
      const warm = warmStart[name];
      if (!warm) return [name, tensor];
      if (warm.shape.join() !== tensor.shape.join()) {
        const [given, wanted] = [warm, tensor].map(({ shape }) => `[${shape.join(", ")}]`);
        throw new UsageError(`warm start of ${variant}: ${name} is ${given}; this configuration needs ${wanted}`);
      }
      return [name, ops.fromHost(warm)];
    }),
  );
}
