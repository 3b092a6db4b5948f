/**
 * A weight matrix that is float, or quantized while it trains: latent float weights `NAME`, learned scales
 * `NAME.log_scale` (their logarithms, so that they stay positive), and the quantizer's other grid tensors as `NAME.GRID`. A
 * learned scale beats one recomputed every step.
 *
 * Quantizers see one row per latent. `W_dec [d_sae, d_in]` is stored that way; `W_enc [d_in, d_sae]` is its transpose.
 */
import {
  fakeQuantize,
  packMatrix,
  type ChangedParameters,
  type Grid,
  type QuantizedWeights,
  type Quantizer,
  type Tensor,
  type TensorOps,
  type Tensors,
} from "@qsae/core";
import { UsageError, type HostTensor, type HostTensors, type PackedMatrix } from "@qsae/runtime";
import { quantizedCodes } from "./quantized-codes.ts";
import { requiredTensor } from "./required-tensor.ts";

export interface Weights {
  /** The parameters that start from one row per latent, `[d_sae, d_in]`, or at random. */
  init(ops: TensorOps, rows: Tensor, seed: number): Tensors;
  /** The weights the forward pass uses at `progress` (of ForwardContext), in the orientation they are stored in. */
  effective(ops: TensorOps, params: Tensors, progress: number): Tensor;
  /** Losses of the weights themselves, weighted. */
  losses?(ops: TensorOps, params: Tensors): Tensors;
  pack(ops: TensorOps, params: HostTensors): Promise<PackedMatrix>;
  /** As in Variant. */
  readonly quantized?: readonly QuantizedWeights[];
  /**
   * These parameters with other rows for the latents whose entry of `chosen [d_sae]` is 1; of `rows [d_sae, d_in]` only those
   * are used. `fresh` as in ChangedParameters. Absent: rows cannot be replaced.
   */
  replaceRows?(ops: TensorOps, params: Tensors, rows: Tensor, chosen: Tensor): Required<ChangedParameters>;
  /** These parameters for `factor` times the effective weights. Absent: there are none. */
  scaled?(params: HostTensors, factor: number): HostTensors;
}

type MatrixName = "W_enc" | "W_dec";

export interface WeightsOptions {
  readonly name: MatrixName;
  /** Absent: float. */
  readonly quantizer?: Quantizer;
}

export function weights({ name, quantizer }: WeightsOptions): Weights {
  return quantizer ? quantizedWeights(name, quantizer) : floatWeights(name);
}

function floatWeights(name: MatrixName): Weights {
  return {
    init: (ops, rows) => ({ [name]: turn(ops, name, rows) }),
    effective: (_ops, params) => params[name]!,
    pack: async (ops, params) => {
      const { shape, data } = await hostRows(ops, name, params);
      return { kind: "float32", rows: shape[0]!, cols: shape[1]!, values: data as Float32Array };
    },
    replaceRows: (ops, params, rows, chosen) => replaced(ops, name, params, rows, chosen),
    scaled: (params, factor) => ({ [name]: times(requiredTensor(params, name), factor) }),
  };
}

function quantizedWeights(name: MatrixName, quantizer: Quantizer): Weights {
  const prefix = `${name}.`;
  const logScale = `${prefix}log_scale`;
  const gridOf = <T>(params: Readonly<Record<string, T>>, scale: T): { readonly scale: T } => {
    const others = Object.entries(params).filter(([key]) => key.startsWith(prefix) && key !== logScale);
    return { ...Object.fromEntries(others.map(([key, value]) => [key.slice(prefix.length), value])), scale };
  };
  const calibrated = (ops: TensorOps, rows: Tensor): Tensors => {
    const { scale, ...rest } = quantizer.calibrate(ops, rows);
    const others = Object.entries<Tensor>(rest).map(([key, value]) => [prefix + key, value] as const);
    return { [logScale]: ops.log(scale), ...Object.fromEntries(others) };
  };
  const deviceGrid = (ops: TensorOps, params: Tensors): Grid => gridOf(params, ops.exp(params[logScale]!));
  return {
    init: (ops, rows) => ({ [name]: turn(ops, name, rows), ...calibrated(ops, rows) }),
    effective: (ops, params) =>
      turn(ops, name, fakeQuantize(ops, quantizer, turn(ops, name, params[name]!), deviceGrid(ops, params))),
    quantized: [quantizedCodes({ param: name, quantizer, latentAxis: name === "W_enc" ? 1 : 0, gridOf: deviceGrid })],
    pack: async (ops, params) => {
      const { shape, data } = requiredTensor(params, logScale);
      const grid = gridOf<HostTensor>(params, { shape, data: Float32Array.from(data, Math.exp) });
      return packMatrix(ops, quantizer, await hostRows(ops, name, params), grid);
    },
    replaceRows: (ops, params, rows, chosen) => {
      const own = replaced(ops, name, params, rows, chosen);
      const safe = ops.where(column(ops, chosen), rows, ops.zeros(rows.shape)); // rows that are unused may be anything
      // A grid of the whole matrix stays: other rows are on it. Planes of a sum stand before the rows.
      const perRow = Object.entries(calibrated(ops, safe)).filter(([, { shape }]) => shape.at(-2) === rows.shape[0]);
      const grid = perRow.map(([key, values]) => [key, ops.where(column(ops, chosen), values, params[key]!)] as const);
      return {
        params: { ...own.params, ...Object.fromEntries(grid) },
        fresh: { ...own.fresh, ...Object.fromEntries(grid.map(([key]) => [key, column(ops, chosen)])) },
      };
    },
    scaled: (params, factor) => {
      const unknown = Object.keys(gridOf(params, undefined)).find((key) => key !== "scale");
      if (unknown !== undefined) {
        throw new UsageError(
          `${name} cannot be multiplied by ${factor}: how ${unknown}, of the quantizer ${quantizer.id}, grows with the weights is unknown; give data of the scale that was trained on`,
        );
      }
      const { shape, data } = requiredTensor(params, logScale);
      return {
        [name]: times(requiredTensor(params, name), factor),
        [logScale]: { shape, data: data.map((log) => log + Math.log(factor)) },
      };
    },
  };
}

/** Between the orientation a matrix is stored in and one row per latent. */
const turn = (ops: TensorOps, name: MatrixName, a: Tensor): Tensor => (name === "W_enc" ? ops.transpose(a) : a);

/** `[d_sae]` to `[d_sae, 1]` */
const column = (ops: TensorOps, a: Tensor): Tensor => ops.reshape(a, [-1, 1]);

function replaced(
  ops: TensorOps,
  name: MatrixName,
  params: Tensors,
  rows: Tensor,
  chosen: Tensor,
): Required<ChangedParameters> {
  const place = turn(ops, name, column(ops, chosen)); // [d_sae, 1] or [1, d_sae]
  return {
    params: { [name]: ops.where(place, turn(ops, name, rows), params[name]!) },
    fresh: { [name]: place },
  };
}

function times({ shape, data }: HostTensor<Float32Array>, factor: number): HostTensor {
  return { shape, data: data.map((value) => value * factor) };
}

/** The stored matrix, one row per latent. */
async function hostRows(ops: TensorOps, name: MatrixName, params: HostTensors): Promise<HostTensor> {
  const rows = ops.tidy(() => turn(ops, name, ops.fromHost(requiredTensor(params, name))));
  const host = await ops.read(rows);
  ops.dispose(rows);
  return host;
}
