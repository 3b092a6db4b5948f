/// <reference types="@webgpu/types" />
/**
 * Kernels of tfjs that are replaced in some cases, and run in the others:
 *
 * - sums over a whole tensor or over rows, and a matrix times a vector, are one workgroup's work in tfjs, or a transpose and a
 *   workgroup per column: norms of gradients would take longer than the rest of a step
 * - a product of few tiles and a long inner dimension is added up with atomics there, in an order that differs from run to run
 * - transposes
 * - what tfjs cannot bind whole: in parts
 */
import * as tf from "@tensorflow/tfjs";
import type { DataType, TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import type { Attributes, Inputs, WebGpuKernel } from "./define-kernel.ts";
import { elementwise } from "./elementwise.ts";
import { inRowParts, tfjsKernel } from "./in-row-parts.ts";
import { gatheredRows, placed, sliced } from "./moved-numbers.ts";
import { product } from "./product.ts";
import { axesOf, largest, reducedRows, reducedShape } from "./reductions.ts";
import { columnSumsInto, sumInto, timesVector } from "./sums.ts";
import { transposeInto } from "./transpose.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";

/** A kernel of tfjs, replaced where `own` has a result. */
function replaced(
  name: string,
  own: (storage: WebGpuStorage, inputs: Inputs, attributes: Attributes) => ReturnType<WebGpuKernel["run"]> | undefined,
): WebGpuKernel {
  return {
    name,
    run: (storage, inputs, attributes) =>
      own(storage, inputs, attributes) ?? tfjsKernel(name, storage, inputs, attributes),
  };
}

/** `factorOf(n)` times the sum of n numbers each. */
const sum = (name: string, factorOf: (count: number) => number): WebGpuKernel =>
  replaced(name, (storage, { x }, attributes) => {
    const { axis, keepDims } = attributes as { axis: unknown; keepDims: boolean };
    const { shape, dtype } = x!;
    const axes = axesOf(axis, shape);
    const count = elementCount(shape);
    if (dtype !== "float32" || (count === 0 && name === tf.Mean)) return undefined;
    const outShape = reducedShape(shape, axes, keepDims);
    if (count === 0) return storage.makeTensorInfo(outShape, dtype, new Float32Array(elementCount(outShape)));
    if (axes.length === shape.length) {
      const out = storage.create(outShape);
      sumInto(storage, storage.buffer(out), storage.buffer(x!), count, { factor: factorOf(count) });
      return out;
    }
    if (!storage.canBind(shape) && !axes.includes(0)) {
      return reducedRows(storage, name, x!, { axis, keepDims }, axes);
    }
    if (!axes.every((axis, i) => axis === i)) return undefined;
    const [rows, columns] = [shape.slice(0, axes.length), shape.slice(axes.length)].map(elementCount) as [
      number,
      number,
    ];
    const out = storage.create(outShape);
    columnSumsInto(storage, storage.buffer(out), storage.buffer(x!), [rows, columns], factorOf(rows));
    return out;
  });

const max = replaced(tf.Max, (storage, { x }, attributes) => {
  const { reductionIndices, keepDims } = attributes as { reductionIndices: unknown; keepDims: boolean };
  const axes = axesOf(reductionIndices, x!.shape);
  if (storage.canBind(x!.shape) || x!.dtype !== "float32") return undefined;
  if (!axes.includes(0)) return reducedRows(storage, tf.Max, x!, { reductionIndices, keepDims }, axes);
  return largest(storage, x!, axes, reducedShape(x!.shape, axes, keepDims));
});

/** tfjs's number for the way to multiply that adds up in registers, with small tiles. */
const SMALL_TILES = 2;
const MATMUL_FLAG = "WEBGPU_MATMUL_PROGRAM_TYPE";

const matMul = replaced(tf.BatchMatMul, (storage, inputs, attributes) => {
  const [a, b] = [inputs["a"]!, inputs["b"]!];
  const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
  if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
  if (!transposeA && !transposeB && b.shape[1] === 1) return timesVector(storage, a, b);
  const rows = a.shape[transposeA ? 1 : 0]!;
  const columns = b.shape[transposeB ? 0 : 1]!;
  if ([a.shape, b.shape, [rows, columns]].some((shape) => !storage.canBind(shape))) {
    return product(storage, { info: a, transposed: transposeA }, { info: b, transposed: transposeB });
  }
  // As tfjs decides whether to split the inner dimension, and a little more often.
  const few = Math.ceil(rows / 32) * Math.ceil(columns / 32) <= 2 * storage.thresholdToIncreaseWorkgroups;
  if (!few || rows * columns <= 128) return undefined;
  const before = tf.env().getNumber(MATMUL_FLAG);
  tf.env().set(MATMUL_FLAG, SMALL_TILES);
  try {
    return tfjsKernel(tf.BatchMatMul, storage, inputs, attributes);
  } finally {
    tf.env().set(MATMUL_FLAG, before);
  }
});

const transpose = replaced(tf.Transpose, (storage, { x }, attributes) => {
  const { perm } = attributes as { perm: number[] };
  if (x!.shape.length !== 2 || perm[0] !== 1) return undefined;
  const [rows, columns] = x!.shape as [number, number];
  const out = storage.create([columns, rows], x!.dtype);
  if (rows * columns > 0) transposeInto(storage, storage.buffer(x!), storage.buffer(out), rows, columns);
  return out;
});

function filled(
  storage: WebGpuStorage,
  shape: readonly number[],
  value: number,
  dtype: DataType,
): TensorInfo | undefined {
  if (storage.canBind(shape)) return undefined;
  return inRowParts(storage, {
    ...{ kernel: tf.Fill, rows: elementCount(shape), outRow: [], outShape: shape, isOneProgram: true },
    inputs: {},
    attributes: ({ count }) => ({ shape: [count], value, dtype }),
  });
}

const fill = replaced(tf.Fill, (storage, _, attributes) => {
  const { shape, value, dtype } = attributes as { shape: number[]; value: number; dtype: DataType };
  return filled(storage, shape, value, dtype);
});

const like = (name: string, value: number): WebGpuKernel =>
  replaced(name, (storage, { x }) => filled(storage, x!.shape, value, x!.dtype));

const slice = replaced(tf.Slice, (storage, { x }, attributes) => {
  if (storage.canBind(x!.shape)) return undefined;
  const { begin, size } = attributes as { begin: number[]; size: number[] };
  const [from, count] = tf.slice_util.parseSliceParams(x!, begin, size);
  tf.slice_util.assertParamsValid(x!, from!, count!);
  return sliced(storage, x!, from!, count!);
});

const splitV = replaced(tf.SplitV, (storage, { x }, attributes) => {
  if (storage.canBind(x!.shape)) return undefined;
  const { numOrSizeSplits, axis } = attributes as { numOrSizeSplits: number | number[]; axis: number };
  const along = axesOf(axis, x!.shape)[0]!;
  let at = 0;
  return tf.backend_util.prepareSplitSize(x as tf.Tensor, numOrSizeSplits, along).map((size) => {
    const only = (own: number): number[] => x!.shape.map((_, i) => (i === along ? own : 0));
    const begin = only(at);
    at += size;
    return sliced(
      storage,
      x!,
      begin,
      x!.shape.map((whole, i) => (i === along ? size : whole)),
    );
  });
});

const concat = replaced(tf.Concat, (storage, inputs, attributes) => {
  const tensors = Object.values(inputs) as TensorInfo[];
  const axis = axesOf(attributes["axis"], tensors[0]!.shape)[0]!;
  const shapes = tensors.map(({ shape }) => shape);
  tf.backend_util.assertParamsConsistent(shapes, axis);
  const outShape = tf.backend_util.computeOutShape(shapes, axis);
  if (storage.canBind(outShape)) return undefined;
  let next = 0;
  const behindEachOther = tensors.map((info) => {
    const at = next;
    next += info.shape[axis]!;
    return { info, at };
  });
  return placed(storage, axis, next, behindEachOther);
});

const pad = replaced(tf.PadV2, (storage, { x }, attributes) => {
  const { paddings, constantValue } = attributes as { paddings: [number, number][]; constantValue: number };
  const outShape = x!.shape.map((size, i) => paddings[i]![0] + size + paddings[i]![1]);
  if (storage.canBind(outShape) || constantValue !== 0 || tf.util.arraysEqual(outShape, x!.shape)) return undefined;
  return paddings.reduce((info, [before], axis) => {
    if (outShape[axis] === info.shape[axis]) return info;
    const next = placed(storage, axis, outShape[axis]!, [{ info, at: before }]);
    if (info !== x) storage.disposeData(info.dataId);
    return next;
  }, x!);
});

const gather = replaced(tf.GatherV2, (storage, { x, indices }, attributes) => {
  const { axis, batchDims } = attributes as { axis: number; batchDims: number };
  const along = axesOf(axis, x!.shape)[0]!;
  const { outputShape } = tf.backend_util.segment_util.collectGatherOpShapeInfo(
    x as tf.Tensor,
    indices as tf.Tensor,
    along,
    batchDims,
  );
  if (batchDims !== 0 || (storage.canBind(x!.shape) && storage.canBind(outputShape))) return undefined;
  if (along === 0) return gatheredRows(storage, x!, indices!);
  const [rows, ...row] = x!.shape as [number, ...number[]];
  return inRowParts(storage, {
    ...{ kernel: tf.GatherV2, rows, outShape: outputShape, outRow: outputShape.slice(1), isOneProgram: true },
    inputs: { x: { info: x!, row }, indices: { info: indices!, row: undefined } },
    attributes: () => ({ axis: along, batchDims }),
  });
});

/** All that ops and their gradients are made of. */
const ELEMENTWISE = [
  ...[tf.Abs, tf.ClipByValue, tf.Exp, tf.Floor, tf.Log, tf.LogicalNot, tf.Neg, tf.Relu, tf.Round, tf.Sigmoid, tf.Sign],
  ...[tf.Sqrt, tf.Square, tf.Step, tf.Add, tf.Equal, tf.Greater, tf.GreaterEqual, tf.Less, tf.LessEqual],
  ...[tf.LogicalAnd, tf.Maximum, tf.Minimum, tf.Multiply, tf.NotEqual, tf.RealDiv, tf.Select, tf.Sub],
];

export const tfjsKernels: readonly WebGpuKernel[] = [
  sum(tf.Sum, () => 1),
  sum(tf.Mean, (count) => 1 / count),
  max,
  matMul,
  transpose,
  fill,
  like(tf.ZerosLike, 0),
  like(tf.OnesLike, 1),
  slice,
  splitV,
  concat,
  pad,
  gather,
  ...ELEMENTWISE.map((name) => ({
    name,
    run: (storage: WebGpuStorage, inputs: Inputs, attributes: Attributes) =>
      elementwise(storage, name, inputs, attributes),
  })),
];
