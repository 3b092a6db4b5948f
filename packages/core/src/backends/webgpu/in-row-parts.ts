/** Kernels of tfjs on tensors that cannot be bound whole: on some rows after the other, which give the same as all at once. */
import { getKernel, type TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import type { Attributes, Inputs } from "./define-kernel.ts";
import { isAligned, sharedParts, type Part } from "./parts.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";

/** A tensor as the kernel takes it. */
interface RowsOf {
  readonly info: TensorInfo;
  /** Shape of one row; undefined: it has no rows, and every part sees all of it. */
  readonly row: readonly number[] | undefined;
}

export interface InRowParts {
  /** tfjs's name. */
  readonly kernel: string;
  readonly rows: number;
  readonly inputs: Readonly<Record<string, RowsOf>>;
  readonly attributes: (part: Part) => Attributes;
  /** Of one row of the result. */
  readonly outRow: readonly number[];
  /** Of the whole result. */
  readonly outShape: readonly number[];
  /** Whether the kernel is one program, which can write to its place in the result; what others make is copied there. */
  readonly isOneProgram: boolean;
}

/** The kernel as tfjs has it. */
export function tfjsKernel(
  name: string,
  storage: WebGpuStorage,
  inputs: Inputs | readonly TensorInfo[],
  attributes: Attributes,
): TensorInfo {
  const { kernelFunc } = getKernel(name, "webgpu");
  return kernelFunc({ inputs: inputs as Inputs, attrs: attributes as never, backend: storage }) as TensorInfo;
}

/** @throws QsaeError where a row, or an input that has no rows, cannot be bound */
export function inRowParts(storage: WebGpuStorage, { rows, ...task }: InRowParts): TensorInfo {
  const rowCounts = Object.values(task.inputs).map(({ row }) => (row ? elementCount(row) : 0));
  const outCount = elementCount(task.outRow);
  let out: TensorInfo | undefined;
  for (const part of sharedParts(rows, 4 * Math.max(outCount, ...rowCounts), storage.bindingBytes)) {
    const taken: TensorInfo[] = [];
    const inputs = Object.entries(task.inputs).map(([name, { info, row }]) => {
      if (!row) return [name, info] as const;
      const of = storage.partOf(info, part.first * elementCount(row), [part.count, ...row]);
      taken.push(of);
      return [name, of] as const;
    });
    const run = (): TensorInfo => tfjsKernel(task.kernel, storage, Object.fromEntries(inputs), task.attributes(part));
    const first = part.first * outCount;
    const inPlace = task.isOneProgram && isAligned(4 * first);
    const made = inPlace
      ? storage.writingTo((shape, dtype) => {
          out ??= storage.create(task.outShape, dtype);
          return storage.partOf(out, first, shape);
        }, run)
      : run();
    out ??= storage.create(task.outShape, made.dtype);
    if (!inPlace) {
      storage.copy(storage.buffer(made), storage.buffer(out), 4 * part.count * outCount, { toByte: 4 * first });
    }
    for (const { dataId } of [made, ...taken]) storage.disposeData(dataId);
  }
  return out!;
}
