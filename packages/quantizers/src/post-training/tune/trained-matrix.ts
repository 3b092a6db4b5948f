/**
 * A matrix of a {@link WorkingSae} as parameters of a training run. Float weights train; of codes that stand, scales train; codes
 * that move train straight through to the float weights behind them. Scales are trained as a third of their logarithm, which
 * keeps their sign (a refit may give negative ones) and, under Adam, moves them three times as fast as weights.
 */
import type { HostTensors } from "@qsae/runtime";
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
/** @param start scales that the run begins with */
const scaleOf = (ops: TensorOps, param: Tensor, start: Float32Array): Tensor => {
  const size = ops.exp(ops.mul(param, SCALE_SPEED));
  return start.some((s) => s < 0) ? ops.mul(size, ops.tensor(start.map(signOf), param.shape)) : size;
};
const scaleData = (params: HostTensors, name: string, start: Float32Array): Float32Array =>
  Float32Array.from(params[name]!.data, (value, at) => signOf(start[at]!) * Math.exp(value * SCALE_SPEED));

/** @param name prefix of the parameters' names: `W_enc`, `W_dec` */
export function trainedMatrix(name: string, matrix: WorkingMatrix, { dIn, dSae }: Size): TrainedMatrix {
  switch (matrix.kind) {
    case "float":
      return {
        init: (ops) => ({ [name]: ops.tensor(matrix.rows, [dSae, dIn]) }),
        rows: (_ops, params) => params[name]!,
        after: (params) => ({ kind: "float", rows: params[name]!.data as Float32Array }),
      };
    case "codes": {
      const parts = partsOf(matrix.rows, dIn);
      const names = parts.map((_, p) => `${name}.log_scale.${p}`);
      return {
        init: (ops) =>
          Object.fromEntries(
            parts.map((part, p) => [names[p]!, ops.tensor(logScale(part.scale), scaleTensorShape(part))]),
          ),
        rows: (ops, params) =>
          partWeights(
            ops,
            parts,
            parts.map((part) => codesTensor(ops, part)),
            parts.map((part, p) => scaleOf(ops, params[names[p]!]!, part.scale)),
          ),
        after: (params) => ({
          kind: "codes",
          rows: withScales(
            matrix.rows,
            parts,
            parts.map((part, p) => scaleData(params, names[p]!, part.scale)),
          ),
        }),
      };
    }
    case "trained-codes": {
      const { quantizer, scale } = matrix;
      const scaleName = `${name}.log_scale`;
      return {
        init: (ops) => ({
          [name]: ops.tensor(matrix.rows, [dSae, dIn]),
          [scaleName]: ops.tensor(logScale(scale.data), scale.shape),
        }),
        rows: (ops, params) =>
          fakeQuantize(ops, quantizer, params[name]!, { scale: scaleOf(ops, params[scaleName]!, scale.data) }),
        after: (params) => ({
          kind: "trained-codes",
          quantizer,
          rows: params[name]!.data as Float32Array,
          scale: { shape: scale.shape, data: scaleData(params, scaleName, scale.data) },
        }),
      };
    }
  }
}
