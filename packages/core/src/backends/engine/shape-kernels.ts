/** tfjs kernels that fill, move, multiply and reduce, on the engine. */
import { slice_util, util, type TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { copyStrided, fill, gatherRows, gemm, reduce, transpose, type ReduceOp } from "@qsae/runtime/training";
import { allFloat, type EngineKernel, type Inputs } from "./define-kernel.ts";
import type { EngineStorage } from "./engine-storage.ts";

function filled(
  storage: EngineStorage,
  shape: readonly number[],
  value: number,
  dtype: "float32" | "bool" = "float32",
): TensorInfo {
  const { info, pointer } = storage.create(shape, dtype);
  fill(storage.engine, { out: pointer, length: elementCount(shape), value });
  return info;
}

const fillKernels: readonly EngineKernel[] = [
  {
    name: "Fill",
    takes: (_inputs, { value, dtype }) => typeof value === "number" && (dtype === undefined || dtype === "float32"),
    run: (storage, _inputs, { shape, value }) => filled(storage, shape as number[], value as number),
  },
  { name: "ZerosLike", takes: allFloat, run: (storage, { x }) => filled(storage, x!.shape, 0) },
  { name: "OnesLike", takes: allFloat, run: (storage, { x }) => filled(storage, x!.shape, 1) },
];

const matMulKernel: EngineKernel = {
  name: "BatchMatMul",
  takes: (inputs) =>
    allFloat(inputs) && Object.values(inputs).every(({ shape }) => elementCount(shape.slice(0, -2)) === 1),
  run: (storage, { a, b }, { transposeA, transposeB }) => {
    const [aRows, aColumns] = a!.shape.slice(-2) as [number, number];
    const [bRows, bColumns] = b!.shape.slice(-2) as [number, number];
    const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
    const n = transposeB ? bRows : bColumns;
    const { info, pointer } = storage.create([...a!.shape.slice(0, -2), m, n]);
    gemm(storage.engine, {
      a: storage.pointer(a!),
      b: storage.pointer(b!),
      out: pointer,
      m,
      n,
      k,
      transposeA: transposeA === true,
      transposeB: transposeB === true,
    });
    return info;
  },
};

/** The axes that a reduction goes over, as one run of adjacent dimensions; undefined when they are not adjacent. */
function reducedRun(
  { shape }: TensorInfo,
  axis: unknown,
): { outer: number; length: number; inner: number; axes: number[] } | undefined {
  const axes = util
    .parseAxisParam((axis as number | number[] | null) ?? shape.map((_, i) => i), shape)
    .sort((p, q) => p - q);
  const [first, last] = [axes[0] ?? 0, axes.at(-1) ?? -1];
  if (last - first + 1 !== axes.length) return undefined;
  return {
    outer: elementCount(shape.slice(0, first)),
    length: elementCount(shape.slice(first, last + 1)),
    inner: elementCount(shape.slice(last + 1)),
    axes,
  };
}

function reduceKernel(name: string, op: ReduceOp, axisName: string): EngineKernel {
  return {
    name,
    takes: (inputs, attributes) =>
      inputs["x"]!.dtype === "float32" && reducedRun(inputs["x"]!, attributes[axisName]) !== undefined,
    run: (storage, { x }, attributes) => {
      const { outer, length, inner, axes } = reducedRun(x!, attributes[axisName])!;
      const shape = x!.shape.flatMap((size, i) => (axes.includes(i) ? (attributes["keepDims"] ? [1] : []) : [size]));
      const { info, pointer } = storage.create(shape);
      reduce(storage.engine, op, { x: storage.pointer(x!), out: pointer, outer, length, inner });
      return info;
    },
  };
}

const transposeKernel: EngineKernel = {
  name: "Transpose",
  takes: ({ x }, { perm }) => x!.dtype === "float32" && x!.shape.length === 2 && (perm as number[])[0] === 1,
  run: (storage, { x }) => {
    const [rows, columns] = x!.shape as [number, number];
    const { info, pointer } = storage.create([columns, rows]);
    transpose(storage.engine, { x: storage.pointer(x!), out: pointer, rows, columns });
    return info;
  },
};

/** A tensor as rows: everything but the last axis, and the last axis. */
const asRows = (shape: readonly number[]): [rows: number, columns: number] => [
  elementCount(shape.slice(0, -1)),
  shape.at(-1) ?? 1,
];

const sliceKernel: EngineKernel = {
  name: "Slice",
  takes: ({ x }, { begin, size }) => x!.dtype === "float32" && x!.shape.length > 0 && runsOfRows(x!, begin, size),
  run: (storage, { x }, { begin, size }) => {
    const [starts, sizes] = sliceParams(x!, begin, size);
    const { info, pointer } = storage.create(sizes);
    const [, columns] = asRows(x!.shape);
    const [rows, width] = asRows(sizes);
    const rowStrides = util.computeStrides(x!.shape);
    const start = starts.reduce((offset, from, axis) => offset + from * (rowStrides[axis] ?? 1), 0);
    copyStrided(storage.engine, {
      x: storage.pointer(x!) + 4 * start,
      out: pointer,
      rows,
      columns: width,
      xStride: columns,
      outStride: width,
    });
    return info;
  },
};

function sliceParams(x: TensorInfo, begin: unknown, size: unknown): [starts: number[], sizes: number[]] {
  return slice_util.parseSliceParams(x, begin as number[], size as number[]) as [number[], number[]];
}

/** Whether a slice is a run of consecutive rows, each cut alike: at most the first axis is cut beside the last one. */
function runsOfRows(x: TensorInfo, begin: unknown, size: unknown): boolean {
  const [, sizes] = sliceParams(x, begin, size);
  return sizes.slice(1, -1).every((length, i) => length === x.shape[i + 1]);
}

const concatKernel: EngineKernel = {
  name: "Concat",
  takes: (inputs, { axis }) => allSameFloat(inputs) && (axis === 0 || (axis as number) === rankOf(inputs) - 1),
  run: (storage, inputs, { axis }) => {
    const parts = Object.values(inputs);
    const shape = [...parts[0]!.shape];
    shape[axis as number] = parts.reduce((total, part) => total + part.shape[axis as number]!, 0);
    const { info, pointer } = storage.create(shape);
    // along the first axis a part is one row of everything it holds; along the last one it is a stripe of every row
    const stripes =
      axis === 0 ? parts.map((part) => elementCount(part.shape)) : parts.map((part) => part.shape.at(-1)!);
    const rows = axis === 0 ? 1 : asRows(shape)[0];
    const outStride = stripes.reduce((total, stripe) => total + stripe, 0);
    let offset = 0;
    parts.forEach((part, i) => {
      const columns = stripes[i]!;
      copyStrided(storage.engine, {
        x: storage.pointer(part),
        out: pointer + 4 * offset,
        rows,
        columns,
        xStride: columns,
        outStride,
      });
      offset += columns;
    });
    return info;
  },
};

const allSameFloat = (inputs: Inputs): boolean => Object.values(inputs).every(({ dtype }) => dtype === "float32");
const rankOf = (inputs: Inputs): number => Object.values(inputs)[0]!.shape.length;

const gatherKernel: EngineKernel = {
  name: "GatherV2",
  takes: ({ x, indices }, { axis, batchDims }) =>
    x!.dtype === "float32" && indices!.dtype === "int32" && (axis ?? 0) === 0 && !batchDims && x!.shape.length > 0,
  run: (storage, { x, indices }) => {
    const [rows] = x!.shape as [number];
    const rest = x!.shape.slice(1);
    const { info, pointer } = storage.create([...indices!.shape, ...rest]);
    gatherRows(storage.engine, {
      x: storage.pointer(x!),
      indices: storage.pointer(indices!),
      out: pointer,
      count: elementCount(indices!.shape),
      columns: elementCount(rest),
      rows,
    });
    return info;
  },
};

export const shapeKernels: readonly EngineKernel[] = [
  ...fillKernels,
  matMulKernel,
  reduceKernel("Sum", "sum", "axis"),
  reduceKernel("Mean", "mean", "axis"),
  reduceKernel("Max", "max", "reductionIndices"),
  reduceKernel("Min", "min", "axis"),
  transposeKernel,
  sliceKernel,
  concatKernel,
  gatherKernel,
];
