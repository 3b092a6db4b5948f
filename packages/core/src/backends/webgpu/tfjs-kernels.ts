/// <reference types="@webgpu/types" />
/**
 * Kernels of tfjs that are replaced in some cases, and run in the others:
 *
 * - sums over a whole tensor or over rows, and a matrix times a vector, are one workgroup's work in tfjs, or a transpose and a
 *   workgroup per column: norms of gradients would take longer than the rest of a step
 * - a product of few tiles and a long inner dimension is added up with atomics there, in an order that differs from run to run
 * - whole matrices that tfjs cannot bind are transposed, added, subtracted and multiplied in parts
 */
import { Add, BatchMatMul, env, Fill, getKernel, Mean, Multiply, Sub, Sum, Transpose, util } from "@tensorflow/tfjs";
import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import type { Attributes, Inputs, WebGpuKernel } from "./define-kernel.ts";
import { ARITHMETIC } from "./kernels/arithmetic.ts";
import { partsOf } from "./parts.ts";
import { columnSumsInto, sumInto, timesVector } from "./sums.ts";
import { transposeInto } from "./transpose.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";
import { threadsFor } from "./workgroups.ts";

/** A kernel of tfjs, replaced where `own` has a result. */
function replaced(
  name: string,
  own: (storage: WebGpuStorage, inputs: Inputs, attributes: Attributes) => TensorInfo | undefined,
): WebGpuKernel {
  return {
    name,
    run: (storage, inputs, attributes) => own(storage, inputs, attributes) ?? theirs(name, storage, inputs, attributes),
  };
}

function theirs(name: string, storage: WebGpuStorage, inputs: Inputs, attributes: Attributes): TensorInfo {
  const { kernelFunc } = getKernel(name, "webgpu");
  return kernelFunc({ inputs: inputs, attrs: attributes as never, backend: storage }) as TensorInfo;
}

/** `factorOf(n)` times the sum of n numbers each. */
const sum = (name: string, factorOf: (count: number) => number): WebGpuKernel =>
  replaced(name, (storage, { x }, attributes) => {
    const { axis, keepDims } = attributes as { axis: number | number[] | undefined; keepDims: boolean };
    const { shape, dtype } = x!;
    const axes = util.parseAxisParam(axis ?? shape.map((_, i) => i), shape);
    const count = elementCount(shape);
    if (dtype !== "float32" || (count === 0 && name === Mean)) return undefined;
    const outShape = keepDims
      ? shape.map((size, i) => (axes.includes(i) ? 1 : size))
      : shape.filter((_, i) => !axes.includes(i));
    if (count === 0) return storage.makeTensorInfo(outShape, dtype, new Float32Array(elementCount(outShape)));
    if (axes.length === shape.length) {
      const out = storage.create(outShape);
      sumInto(storage, storage.buffer(out), storage.buffer(x!), count, { factor: factorOf(count) });
      return out;
    }
    if (shape.length !== 2 || axes[0] !== 0) return undefined;
    const [rows, columns] = shape as [number, number];
    const out = storage.create(outShape);
    columnSumsInto(storage, storage.buffer(out), storage.buffer(x!), [rows, columns], factorOf(rows));
    return out;
  });

/** tfjs's number for the way to multiply that adds up in registers, with small tiles. */
const SMALL_TILES = 2;
const MATMUL_FLAG = "WEBGPU_MATMUL_PROGRAM_TYPE";

const matMul = replaced(BatchMatMul, (storage, inputs, attributes) => {
  const [a, b] = [inputs["a"]!, inputs["b"]!];
  const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
  if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
  if (!transposeA && !transposeB && b.shape[1] === 1) return timesVector(storage, a, b);
  const rows = a.shape[transposeA ? 1 : 0]!;
  const columns = b.shape[transposeB ? 0 : 1]!;
  // As tfjs decides whether to split the inner dimension, and a little more often.
  const few = Math.ceil(rows / 32) * Math.ceil(columns / 32) <= 2 * storage.thresholdToIncreaseWorkgroups;
  if (!few || rows * columns <= 128) return undefined;
  const before = env().getNumber(MATMUL_FLAG);
  env().set(MATMUL_FLAG, SMALL_TILES);
  try {
    return theirs(BatchMatMul, storage, inputs, attributes);
  } finally {
    env().set(MATMUL_FLAG, before);
  }
});

const transpose = replaced(Transpose, (storage, { x }, attributes) => {
  const { perm } = attributes as { perm: number[] };
  if (x!.shape.length !== 2 || perm[0] !== 1) return undefined;
  const [rows, columns] = x!.shape as [number, number];
  const out = storage.create([columns, rows], x!.dtype as "float32" | "int32");
  if (rows * columns > 0) transposeInto(storage, storage.buffer(x!), storage.buffer(out), rows, columns);
  return out;
});

/** Filled here and uploaded: that binds nothing. */
const fill = replaced(Fill, (storage, _, attributes) => {
  const { shape, value, dtype } = attributes as { shape: number[]; value: number; dtype: DataType };
  const count = elementCount(shape);
  if (4 * count <= storage.bindingBytes || dtype !== "float32") return undefined;
  return storage.makeTensorInfo(shape, dtype, new Float32Array(count).fill(value));
});

const inParts = (name: keyof typeof ARITHMETIC): WebGpuKernel =>
  replaced(name, (storage, inputs) => {
    const operands = [inputs["a"]!, inputs["b"]!];
    const [a, b] = operands.map(({ shape }) => elementCount(shape)) as [number, number];
    const count = Math.max(a, b);
    if (4 * count <= storage.bindingBytes || operands.some(({ dtype }) => dtype !== "float32")) return undefined;
    const like = operands[a >= b ? 0 : 1]!;
    const fits = ({ shape }: TensorInfo): boolean =>
      elementCount(shape) === 1 ? shape.length <= like.shape.length : util.arraysEqual(shape, like.shape);
    if (!operands.every(fits)) return undefined;
    const out = storage.create(like.shape);
    const buffers = operands.map((operand) => storage.buffer(operand));
    for (const part of partsOf(count, 4, storage.bindingBytes)) {
      const bound = buffers.map((buffer, i) => ([a, b][i] === 1 ? buffer : bindPart(buffer, part, 4)));
      const parameters = [part.count, ARITHMETIC[name], Number(a === 1), Number(b === 1)];
      storage.run(
        "arithmetic",
        [...bound, bindPart(storage.buffer(out), part, 4)],
        parameters.map((u32) => ({ u32 })),
        threadsFor(part.count),
      );
    }
    return out;
  });

export const tfjsKernels: readonly WebGpuKernel[] = [
  sum(Sum, () => 1),
  sum(Mean, (count) => 1 / count),
  matMul,
  transpose,
  fill,
  ...[Add, Sub, Multiply].map((name) => inParts(name as keyof typeof ARITHMETIC)),
];
