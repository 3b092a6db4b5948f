/** tfjs's elementwise kernels, with broadcasting, on tensors that cannot be bound whole. */
import { backend_util } from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import { broadcastRows } from "./broadcast-rows.ts";
import type { Attributes, Inputs } from "./define-kernel.ts";
import { inRowParts, tfjsKernel } from "./in-row-parts.ts";
import { requireRoom } from "./require-room.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";

/** In parts where it must be. @param name a kernel of tfjs whose inputs, whatever their names, are its operands */
export function elementwise(
  storage: WebGpuStorage,
  name: string,
  inputs: Inputs,
  attributes: Attributes = {},
): TensorInfo {
  const operands = Object.entries(inputs) as [string, TensorInfo][];
  const shapes = operands.map(([, { shape }]) => shape);
  const outShape = shapes.reduce((a, b) => backend_util.assertAndGetBroadcastShape(a, b));
  requireRoom(storage.device.limits, outShape);
  if (storage.canBind(outShape)) return tfjsKernel(name, storage, inputs, attributes);
  const { shape, operands: merged } = broadcastRows(outShape, shapes);
  const [rows, ...outRow] = shape as [number, ...number[]];
  const rowsOf = operands.map(([key, info], i) => {
    const [own, ...row] = merged[i]!;
    return [key, own === rows ? { info, row } : { info: { ...info, shape: [...merged[i]!] }, row: undefined }] as const;
  });
  return inRowParts(storage, {
    kernel: name,
    rows,
    inputs: Object.fromEntries(rowsOf),
    attributes: () => attributes,
    ...{ outRow, outShape, isOneProgram: true },
  });
}
