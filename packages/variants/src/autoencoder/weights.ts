/**
 * A weight matrix that is float, or quantized while it trains: latent float weights `NAME`, a learned scale per atom
 * `NAME.log_scale` (its logarithm, so that it stays positive), and the quantizer's other grid tensors as `NAME.GRID`. A
 * learned scale beats one recomputed every step.
 *
 * Quantizers see one row per latent. `W_dec [d_sae, d_in]` is stored that way; `W_enc [d_in, d_sae]` is its transpose.
 */
import {
  fakeQuantize,
  packMatrix,
  type Grid,
  type Quantizer,
  type Tensor,
  type TensorOps,
  type Tensors,
} from "@qsae/core";
import type { HostTensor, HostTensors, PackedMatrix } from "@qsae/runtime";
import { requiredTensor } from "./required-tensor.ts";

export interface Weights {
  /** The parameters that start from one row per latent, `[d_sae, d_in]`, or at random. */
  init(ops: TensorOps, rows: Tensor, seed: number): Tensors;
  /** The weights the forward pass uses, in the orientation they are stored in. */
  effective(ops: TensorOps, params: Tensors): Tensor;
  /** Losses of the weights themselves, weighted. */
  losses?(ops: TensorOps, params: Tensors): Tensors;
  pack(ops: TensorOps, params: HostTensors): Promise<PackedMatrix>;
}

export interface WeightsOptions {
  readonly name: "W_enc" | "W_dec";
  /** Absent: float. */
  readonly quantizer?: Quantizer;
}

export function weights({ name, quantizer }: WeightsOptions): Weights {
  const turn = (ops: TensorOps, a: Tensor): Tensor => (name === "W_enc" ? ops.transpose(a) : a);
  if (!quantizer) {
    return {
      init: (ops, rows) => ({ [name]: turn(ops, rows) }),
      effective: (_ops, params) => params[name]!,
      pack: async (ops, params) => {
        const { shape, data } = await hostRows(ops, turn, requiredTensor(params, name));
        return { kind: "float32", rows: shape[0]!, cols: shape[1]!, values: data as Float32Array };
      },
    };
  }
  const prefix = `${name}.`;
  const logScale = `${prefix}log_scale`;
  return {
    init: (ops, rows) => {
      const { scale, ...rest } = quantizer.calibrate(ops, rows);
      const others = Object.entries<Tensor>(rest).map(([key, value]) => [prefix + key, value] as const);
      return { [name]: turn(ops, rows), [logScale]: ops.log(scale), ...Object.fromEntries(others) };
    },
    effective: (ops, params) => {
      const others = Object.entries(params).filter(([key]) => key.startsWith(prefix) && key !== logScale);
      const grid: Grid = {
        ...Object.fromEntries(others.map(([key, value]) => [key.slice(prefix.length), value])),
        scale: ops.exp(params[logScale]!),
      };
      return turn(ops, fakeQuantize(ops, quantizer, turn(ops, params[name]!), grid));
    },
    pack: async (ops, params) => {
      const { shape, data } = requiredTensor(params, logScale);
      const others = Object.entries(params).filter(([key]) => key.startsWith(prefix) && key !== logScale);
      const grid = {
        ...Object.fromEntries(others.map(([key, value]) => [key.slice(prefix.length), value])),
        scale: { shape, data: Float32Array.from(data, Math.exp) },
      };
      return packMatrix(ops, quantizer, await hostRows(ops, turn, requiredTensor(params, name)), grid);
    },
  };
}

async function hostRows(
  ops: TensorOps,
  turn: (ops: TensorOps, a: Tensor) => Tensor,
  stored: HostTensor,
): Promise<HostTensor> {
  const rows = ops.tidy(() => turn(ops, ops.fromHost(stored)));
  const host = await ops.read(rows);
  ops.dispose(rows);
  return host;
}
