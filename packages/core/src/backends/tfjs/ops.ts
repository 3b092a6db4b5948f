/** {@link TensorOps} over one tfjs backend. The only place where our tensors and tfjs's meet. */
import * as tf from "@tensorflow/tfjs";
import { elementCount, NonFiniteError, UsageError, type HostTensor } from "@qsae/runtime";
import type { DType, Tensor, TensorOps } from "../../contracts/tensor-ops.ts";
import { normals } from "../../random.ts";
import {
  checkBatchCount,
  checkDecodeShapes,
  checkEncodeShapes,
  checkGridShapes,
  checkSameShape,
} from "../sae-shapes.ts";
import { customGrad, detach, valueAndGrads } from "./differentiation.ts";
import { runPairKernel, runSaeKernel } from "./sae-kernel.ts";

const t = (a: Tensor): tf.Tensor => a as tf.Tensor;

/** What a tfjs backend does its own way. */
export interface Device {
  /** Name the backend is registered under with tfjs. */
  readonly tfjsName: string;
  readonly adamStep: TensorOps["adamStep"];
  /** Bytes held, where the device knows better than tfjs. */
  readonly heldBytes?: () => number;
  /** Throws where the device can be used no longer; called before and after numbers are read. */
  readonly requireAlive?: () => void;
  /** Kernels may assume that no number is NaN or infinite: such data and numbers are refused. Default false. */
  readonly finiteInputsOnly?: boolean;
  /** Throws where a tensor of this shape is too large; called before anything is allocated for it. */
  readonly requireRoom?: (shape: readonly number[]) => void;
}

export function tfjsOps(device: Device): TensorOps {
  const { tfjsName } = device;
  /** tfjs has one active backend for the whole process; ours may be open side by side. */
  const activate = (): void => {
    if (tf.getBackend() !== tfjsName) void tf.setBackend(tfjsName);
  };
  /** Wraps a function so that it runs on this backend. */
  const on =
    <A extends unknown[], R>(f: (...args: A) => R) =>
    (...args: A): R => {
      activate();
      return f(...args);
    };
  const finite = (value: number): number => {
    if (device.finiteInputsOnly && !Number.isFinite(Math.fround(value))) throw notFinite(`a number given is ${value}`);
    return value;
  };
  const operand = (a: Tensor | number): tf.Tensor | number => (typeof a === "number" ? finite(a) : t(a));
  const fitting = (shape: readonly number[]): number[] => {
    device.requireRoom?.(shape);
    return [...shape];
  };
  const unary = (f: (a: tf.Tensor) => tf.Tensor) => on((a: Tensor): Tensor => f(t(a)));
  const binary = (f: (a: tf.Tensor | number, b: tf.Tensor | number) => tf.Tensor) =>
    on((a: Tensor | number, b: Tensor | number): Tensor => f(operand(a), operand(b)));
  const comparison = (f: (a: tf.Tensor, b: tf.Tensor | number) => tf.Tensor) =>
    on((a: Tensor, b: Tensor | number): Tensor => tf.tidy(() => tf.cast(f(t(a), operand(b)), "float32")));
  const reduction = (f: (a: tf.Tensor, axis?: number, keepDims?: boolean) => tf.Tensor) =>
    on((a: Tensor, axis?: number, keepDims?: boolean): Tensor => f(t(a), axis, keepDims));

  const tensor = on((data: ArrayLike<number>, shape: readonly number[], dtype?: DType): Tensor => {
    if (data.length !== elementCount(shape)) {
      throw new UsageError(`tensor: ${data.length} values given for shape [${shape.join(", ")}]`);
    }
    const type = dtype ?? (data instanceof Int32Array ? "int32" : "float32");
    fitting(shape);
    if (device.finiteInputsOnly) requireFiniteData(data);
    // tfjs keeps the array it is given: copy, so that the caller may go on using his.
    const values = type === "float32" ? Float32Array.from(data) : Int32Array.from(data);
    return tf.tensor(values, [...shape], type);
  });

  return {
    tensor,
    fromHost: (host: HostTensor) =>
      tensor(host.data, host.shape, host.data instanceof Float32Array ? "float32" : "int32"),
    scalar: on((value) => tf.scalar(finite(value))),
    zeros: on((shape, dtype) => tf.zeros(fitting(shape), dtype)),
    fill: on((shape, value) => tf.fill(fitting(shape), finite(value))),
    randomNormal: (shape, std, seed) => tensor(normals(elementCount(fitting(shape)), finite(std), seed), shape),

    add: binary((a, b) => tf.add(a, b)),
    sub: binary((a, b) => tf.sub(a, b)),
    mul: binary((a, b) => tf.mul(a, b)),
    div: binary((a, b) => tf.div(a, b)),
    minimum: binary((a, b) => tf.minimum(a, b)),
    maximum: binary((a, b) => tf.maximum(a, b)),
    neg: unary((a) => tf.neg(a)),
    abs: unary((a) => tf.abs(a)),
    square: unary((a) => tf.square(a)),
    sqrt: unary((a) => tf.sqrt(a)),
    exp: unary((a) => tf.exp(a)),
    log: unary((a) => tf.log(a)),
    relu: unary((a) => tf.relu(a)),
    sigmoid: unary((a) => tf.sigmoid(a)),
    round: unary((a) => tf.round(a)),
    floor: unary((a) => tf.floor(a)),
    sign: unary((a) => tf.sign(a)),
    clipByValue: on((a, min, max) => tf.clipByValue(t(a), finite(min), finite(max))),
    greater: comparison((a, b) => tf.greater(a, b)),
    greaterEqual: comparison((a, b) => tf.greaterEqual(a, b)),
    equal: comparison((a, b) => tf.equal(a, b)),
    toInt32: unary((a) => tf.cast(a, "int32")),
    where: on((condition, a, b) => {
      const shape = broadcastShape(condition.shape, a.shape, b.shape);
      return tf.where(tf.cast(spread(t(condition), shape), "bool"), spread(t(a), shape), spread(t(b), shape));
    }),

    sum: reduction((a, axis, keepDims) => tf.sum(a, axis, keepDims)),
    mean: reduction((a, axis, keepDims) => tf.mean(a, axis, keepDims)),
    max: reduction((a, axis, keepDims) => tf.max(a, axis, keepDims)),

    matMul: on((a, b, transposeA, transposeB) => tf.matMul(t(a), t(b), transposeA, transposeB)),
    transpose: unary((a) => tf.transpose(a)),
    reshape: on((a, shape) => tf.reshape(t(a), [...shape])),
    slice: on((a, begin, size) => tf.slice(t(a), [...begin], [...size])),
    concat: on((tensors, axis) => tf.concat(tensors.map(t), axis)),
    gather: on((a, indices, axis) => tf.gather(t(a), t(indices) as tf.Tensor1D, axis)),

    detach: on(detach),
    customGrad: on(customGrad),
    valueAndGrads: on(valueAndGrads) as TensorOps["valueAndGrads"],

    encodeTopK: on((x, wEnc, bEnc, k, center) => {
      checkEncodeShapes(x, wEnc, bEnc, k, center);
      const subtracted = center ?? tf.zeros([wEnc.shape[0]!]);
      const inputs = { x: t(x), wEnc: t(wEnc), bEnc: t(bEnc), center: t(subtracted) };
      const [values, indices] = runPairKernel("encodeTopK", inputs, { k });
      if (!center) t(subtracted).dispose();
      return { values, indices, dSae: wEnc.shape[1]! };
    }),
    batchTopK: on((values, count) => {
      checkBatchCount(values, count);
      // The mask is no function of the values for the tape: which ones are largest has no gradient.
      const mask = tf.tidy(() => runSaeKernel("batchTopKMask", { values: t(detach(values)) }, { count }));
      return tf.mul(t(values), mask);
    }),
    decodeSparse: on(({ values, indices, dSae }, wDec) => {
      checkDecodeShapes(values, indices, dSae, wDec);
      return runSaeKernel("decodeSparse", { values: t(values), indices: t(indices), wDec: t(wDec) });
    }),
    countFired: on(({ values, indices, dSae }) =>
      runSaeKernel("countFired", { values: t(values), indices: t(indices) }, { dSae }),
    ),
    normalizeRows: on((x, minNorm) => runSaeKernel("normalizeRows", { x: t(x) }, { minNorm })),
    removeParallel: on((gradient, atoms) => {
      checkSameShape("removeParallel", "atoms", atoms, gradient);
      return runSaeKernel("removeParallel", { gradient: t(gradient), atoms: t(atoms) });
    }),
    adamStep: on(device.adamStep),

    gridCodes: on((w, scale, grid) => {
      checkGridShapes("gridCodes", "w", w, scale);
      return runSaeKernel("gridCodes", { w: t(w), scale: t(scale) }, grid);
    }),
    gridValues: on((codes, scale, offset) => {
      checkGridShapes("gridValues", "codes", codes, scale);
      return runSaeKernel("gridValues", { codes: t(codes), scale: t(scale) }, { offset });
    }),
    gridScaleGradient: on((dy, codes, scale, offset) => {
      checkSameShape("gridScaleGradient", "dy", dy, codes);
      checkGridShapes("gridScaleGradient", "codes", codes, scale);
      return runSaeKernel("gridScaleGradient", { dy: t(dy), codes: t(codes), scale: t(scale) }, { offset });
    }),

    tidy: on((f) => {
      let result: ReturnType<typeof f> | undefined;
      tf.tidy(() => {
        result = f();
        return result as tf.TensorContainer;
      });
      return result as ReturnType<typeof f>;
    }),
    keep: (a) => {
      tf.keep(t(a));
      return a;
    },
    dispose: (a) => {
      const tensors = Symbol.iterator in a ? a : [a];
      for (const one of tensors) t(one).dispose();
    },
    read: async (a) => {
      activate();
      device.requireAlive?.();
      const data = await readData(t(a), device);
      // tfjs may keep the zeros and ones of a comparison as bytes.
      return { shape: [...a.shape], data: a.dtype === "float32" ? Float32Array.from(data) : data.slice() };
    },
    memory: () => {
      const { numTensors, numBytes } = tf.memory();
      return { tensors: numTensors, bytes: device.heldBytes?.() ?? numBytes };
    },
  };
}

async function readData(a: tf.Tensor, { requireAlive }: Device): Promise<tf.TypedArray> {
  try {
    return await a.data<tf.NumericDataType>();
  } catch (error) {
    requireAlive?.(); // knows better why
    throw error;
  } finally {
    requireAlive?.();
  }
}

/** tfjs would repeat a smaller tensor with its Tile kernel, which is slow; adding it to zeros is not. */
function spread(a: tf.Tensor, shape: readonly number[]): tf.Tensor {
  return a.shape.join() === shape.join() ? a : tf.add(tf.zeros([...shape]), a);
}

function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  return shapes.reduce<number[]>((a, b) => tf.backend_util.assertAndGetBroadcastShape(a, [...b]), []);
}

/** As float32, in which large numbers are infinite. */
function requireFiniteData(data: ArrayLike<number>): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(Math.fround(data[i]!))) throw notFinite(`tensor: ${data[i]} at entry ${i}`);
  }
}

function notFinite(given: string): NonFiniteError {
  return new NonFiniteError(`${given}; this backend takes numbers that are finite in float32`);
}
