/// <reference types="@webgpu/types" />
/** Fake-quantization to uniform grids: kernels/grid.ts. */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import type { UniformGrid } from "../../contracts/tensor-ops.ts";
import { saeKernel } from "../tfjs/sae-kernel.ts";
import type { WebGpuKernel } from "./define-kernel.ts";
import type { Parameter } from "./kernel.ts";
import { partsOf } from "./parts.ts";
import { columnSumsInto } from "./sums.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";
import { folded, threadsFor } from "./workgroups.ts";

/** A kernel over single numbers, each with its scale. */
function byNumber(
  storage: WebGpuStorage,
  name: string,
  input: TensorInfo,
  scale: TensorInfo,
  parameters: readonly Parameter[],
): TensorInfo {
  const [rows, columns] = input.shape as [number, number];
  const [scaleRows, groups] = scale.shape as [number, number];
  const out = storage.create(input.shape);
  const [from, scales, to] = [input, scale, out].map((a) => storage.buffer(a)) as [GPUBuffer, GPUBuffer, GPUBuffer];
  for (const part of partsOf(rows * columns, 4, storage.bindingBytes)) {
    const sizes = [part.first, part.count, columns, groups, Number(scaleRows === 1)].map((u32) => ({ u32 }));
    const bindings = [bindPart(from, part, 4), scales, bindPart(to, part, 4)];
    storage.run(name, bindings, [...sizes, ...parameters], threadsFor(part.count));
  }
  return out;
}

export const gridKernels: readonly WebGpuKernel[] = [
  {
    name: saeKernel.gridCodes,
    run: (storage, { w, scale }, attributes) => {
      const { min, max, rounding } = attributes as unknown as UniformGrid;
      const parameters = [{ u32: Number(rounding === "down") }, { f32: min }, { f32: max }];
      return byNumber(storage, "grid-codes", w!, scale!, parameters);
    },
  },
  {
    name: saeKernel.gridValues,
    run: (storage, { codes, scale }, attributes) => {
      const { offset } = attributes as { offset: number };
      return byNumber(storage, "grid-values", codes!, scale!, [{ f32: offset }]);
    },
  },
  {
    name: saeKernel.gridScaleGradient,
    run: (storage, { dy, codes, scale }, attributes) => {
      const { offset } = attributes as { offset: number };
      const [rows, columns] = codes!.shape as [number, number];
      const [scaleRows, groups] = scale!.shape as [number, number];
      const out = storage.create([scaleRows, groups]);
      const into = (to: GPUBuffer): void => {
        const [from, of] = [storage.buffer(dy!), storage.buffer(codes!)];
        for (const part of partsOf(rows, 4 * columns, storage.bindingBytes)) {
          storage.run(
            "grid-scale-gradient",
            [bindPart(from, part, 4 * columns), bindPart(of, part, 4 * columns), to],
            [...[part.first, part.count, columns, groups].map((u32) => ({ u32 })), { f32: offset }],
            folded(part.count * groups),
          );
        }
      };
      const to = storage.buffer(out);
      if (elementCount(codes!.shape) === 0) storage.clear(to, 4 * scaleRows * groups);
      else if (scaleRows === rows) into(to);
      else {
        storage.withScratch(4 * rows * groups, (perRow) => {
          into(perRow);
          columnSumsInto(storage, to, perRow, [rows, groups]);
        });
      }
      return out;
    },
  },
];
