/**
 * A matrix of a {@link WorkingSae} as parameters of a training run. Float weights train; of codes that stand, scales train; what was
 * quantized before stays whole; codes that move train straight through to the float weights behind them. Scales are trained as a third of their logarithm, which
 * keeps their sign (a refit may give negative ones) and, under Adam, moves them three times as fast as weights.
 */
import { dequantizeMatrix, type HostTensors } from "@qsae/runtime";
import { fakeQuantize, type Tensor, type TensorOps, type Tensors } from "@qsae/core";
import { codesTensor, partsOf, partWeights, scaleTensorShape, withScales } from "../coded-parts.ts";
import type { WorkingMatrix } from "../working-sae.ts";

export interface TrainedMatrix {
  init(ops: TensorOps): Tensors;
  /** `[d_sae, d_in]` */
  rows(ops: TensorOps, params: Tensors): Tensor;
  /** The matrix with the parameters of a run. */
  after(params: HostTensors): WorkingMatrix;
}

interface Size {
  readonly dIn: number;
  readonly dSae: number;
}

/** Scales move this many times as fast as weights. */
const SCALE_SPEED = 3;

/** The smallest normal float32: 0 has no logarithm. */
const SMALLEST_SCALE = 2 ** -126;

const signOf = (s: number): number => (s < 0 ? -1 : 1);
const logScale = (scale: Float32Array): Float32Array =>
  scale.map((s) => Math.log(Math.max(Math.abs(s), SMALLEST_SCALE)) / SCALE_SPEED);

interface TrainedScale {
  init(ops: TensorOps): Tensors;
  of(ops: TensorOps, params: Tensors): Tensor;
  after(params: HostTensors): Float32Array;
}

/** @param start scales that the run begins with */
function trainedScale(name: string, start: Float32Array, shape: readonly number[], fixed = false): TrainedScale {
  if (fixed) return { init: () => ({}), of: (ops) => ops.tensor(start, shape), after: () => start };
  return {
    init: (ops) => ({ [name]: ops.tensor(logScale(start), shape) }),
    of: (ops, params) => {
      const size = ops.exp(ops.mul(params[name]!, SCALE_SPEED));
      return start.some((s) => s < 0) ? ops.mul(size, ops.tensor(start.map(signOf), shape)) : size;
    },
    after: (params) =>
      Float32Array.from(params[name]!.data, (value, at) => signOf(start[at]!) * Math.exp(value * SCALE_SPEED)),
  };
}

/** @param name prefix of the parameters' names: `W_enc`, `W_dec` */
export function trainedMatrix(name: string, matrix: WorkingMatrix, { dIn, dSae }: Size): TrainedMatrix {
  switch (matrix.kind) {
    case "float":
      return {
        init: (ops) => ({ [name]: ops.tensor(matrix.rows, [dSae, dIn]) }),
        rows: (_ops, params) => params[name]!,
        after: (params) => ({ ...matrix, rows: params[name]!.data as Float32Array }),
      };
    case "packed":
      return {
        init: () => ({}),
        rows: (ops) => ops.tensor(dequantizeMatrix(matrix.matrix), [dSae, dIn]),
        after: () => matrix,
      };
    case "codes": {
      const parts = partsOf(matrix.rows, dIn);
      const scales = parts.map((part, p) =>
        trainedScale(`${name}.log_scale.${p}`, part.scale, scaleTensorShape(part), part.fixedScale),
      );
      return {
        init: (ops) => Object.assign({}, ...scales.map((scale) => scale.init(ops))) as Tensors,
        rows: (ops, params) =>
          partWeights(
            ops,
            parts,
            parts.map((part) => codesTensor(ops, part)),
            scales.map((scale) => scale.of(ops, params)),
          ),
        after: (params) => ({
          kind: "codes",
          rows: withScales(
            matrix.rows,
            parts,
            scales.map((scale) => scale.after(params)),
          ),
        }),
      };
    }
    case "trained-codes": {
      const { quantizer, scale, fixedScale, otherGrid = {} } = matrix;
      const trained = trainedScale(`${name}.log_scale`, scale.data, scale.shape, fixedScale);
      return {
        init: (ops) => ({ [name]: ops.tensor(matrix.rows, [dSae, dIn]), ...trained.init(ops) }),
        rows: (ops, params) => {
          const others = Object.entries(otherGrid).map(([part, host]) => [part, ops.fromHost(host)]);
          const grid = { ...(Object.fromEntries(others) as Tensors), scale: trained.of(ops, params) };
          return fakeQuantize(ops, quantizer, params[name]!, grid);
        },
        after: (params) => ({
          ...matrix,
          rows: params[name]!.data as Float32Array,
          scale: { shape: scale.shape, data: trained.after(params) },
        }),
      };
    }
  }
}
