/** Variants small enough that every number of a run can be checked. */
import type { HostTensor, HostTensors } from "@qsae/runtime";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";
import type { QuantizedWeights, Variant } from "../contracts/variant.ts";

export const D = 6;

/** `xhat = x A`: latents are the inputs themselves, latent 5 never fires. */
export const unfoldable: Variant = {
  id: "linear",
  config: { d_in: D, d_sae: D },
  dIn: D,
  dSae: D,
  init: (ops, { seed }) => ({ A: ops.randomNormal([D, D], 0.1, seed) }),
  forward: (ops, { A }, { x, target = x }) => {
    const reconstruction = ops.matMul(x, A!);
    return {
      reconstructions: [reconstruction],
      losses: { mse: ops.mean(ops.square(ops.sub(target, reconstruction))) },
      fired: ops.mul(ops.tensor([1, 1, 1, 1, 1, 0], [D]), x.shape[0]!),
      latents: x,
    };
  },
  lower: () => Promise.reject(new Error("never lowered here")),
};

/** {@link unfoldable}, with the scale of its inputs folded in: `(s x A) / s` is `x A`. */
export const linear: Variant = { ...unfoldable, foldInputScale: (params) => params };

export interface TinyOptions {
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
}

/** A TopK SAE with unit atoms, the second half of whose latents starts out of reach, and a parameter no gradient reaches. */
export function tinySae({ dIn, dSae, k }: TinyOptions): Variant {
  return {
    id: "tiny",
    config: { d_in: dIn, d_sae: dSae, k },
    dIn,
    dSae,
    init: (ops, { seed, center, warmStart = {} }) => {
      const wDec = ops.normalizeRows(ops.randomNormal([dSae, dIn], 1, seed), 1e-8);
      const fresh = {
        W_enc: ops.transpose(wDec),
        b_enc: ops.tensor(
          Float32Array.from({ length: dSae }, (_, j) => (j < dSae / 2 ? 0 : -100)),
          [dSae],
        ),
        W_dec: wDec,
        b_dec: ops.tensor(center, [dIn]),
        steps: ops.zeros([1]),
      };
      const given = Object.entries(warmStart).map(([name, tensor]) => [name, ops.fromHost(tensor)] as const);
      return { ...fresh, ...Object.fromEntries(given) };
    },
    forward: (ops, params, { x, target = x, progress }) => {
      const latents = ops.encodeTopK(x, params["W_enc"]!, params["b_enc"]!, k, params["b_dec"]);
      const reconstruction = ops.add(ops.decodeSparse(latents, params["W_dec"]!), params["b_dec"]!); // [n, d_in]
      return {
        reconstructions: [reconstruction],
        losses: {
          mse: ops.mean(ops.square(ops.sub(target, reconstruction))),
          decay: ops.mul(ops.mean(ops.square(params["b_enc"]!)), 1e-6 * progress),
        },
        fired: ops.countFired(latents),
        latents,
        statistics: { mean_error: ops.detach(ops.mean(ops.sub(target, reconstruction), 0)) },
      };
    },
    afterBackward: (ops, params, grads) => ({
      ...grads,
      W_dec: ops.removeParallel(grads["W_dec"]!, params["W_dec"]!),
    }),
    afterStep: (ops, params) => ({
      params: {
        ...params,
        W_dec: ops.normalizeRows(params["W_dec"]!, 1e-8),
        steps: ops.add(params["steps"]!, 1),
      },
    }),
    resample: (ops, params, { dead, residuals }) => {
      const directions = ops.normalizeRows(residuals, 1e-8); // [d_sae, d_in]
      const [rows, columns] = [ops.reshape(dead, [dSae, 1]), ops.reshape(dead, [1, dSae])];
      return {
        params: {
          ...params,
          W_dec: ops.where(wide(ops, rows, [dSae, dIn]), directions, params["W_dec"]!),
          W_enc: ops.where(wide(ops, columns, [dIn, dSae]), ops.transpose(directions), params["W_enc"]!),
          b_enc: ops.mul(params["b_enc"]!, ops.sub(1, dead)),
        },
        fresh: { W_dec: rows, W_enc: columns, b_enc: dead },
      };
    },
    // ((s x - b_dec) W_enc + b_enc; z W_dec + b_dec) / s
    foldInputScale: (params, scale) => ({
      ...params,
      W_enc: scaled(params, "W_enc", scale),
      W_dec: scaled(params, "W_dec", 1 / scale),
      b_dec: scaled(params, "b_dec", 1 / scale),
    }),
    lower: () => Promise.reject(new Error("never lowered here")),
  };
}

const wide = (ops: TensorOps, mask: ReturnType<TensorOps["zeros"]>, shape: readonly number[]) =>
  ops.add(ops.zeros(shape), mask);

function scaled(params: HostTensors, name: string, factor: number): HostTensor {
  const { shape, data } = params[name]!;
  return { shape, data: Float32Array.from(data, (value) => value * factor) };
}

export interface CodedOptions extends TinyOptions {
  /** Distance of two levels. */
  readonly step: number;
  /** Codes are -range .. range. */
  readonly range: number;
}

/** {@link tinySae} without AuxK or constraints, both of whose matrices are rounded to a fixed grid, straight through. */
export function codedSae({ dIn, dSae, k, step, range }: CodedOptions): Variant {
  const tiny = tinySae({ dIn, dSae, k });
  const codes = (ops: TensorOps, w: Tensor): Tensor => ops.clipByValue(ops.round(ops.div(w, step)), -range, range);
  const rounded = (ops: TensorOps, w: Tensor): Tensor =>
    ops.customGrad(
      [w],
      () => ({ value: ops.mul(codes(ops, w), step), saved: [] }),
      (dy) => [ops.mul(dy, 1)],
    );
  const quantized = (param: string, latentAxis: 0 | 1): QuantizedWeights => ({
    param,
    latentAxis,
    levels: (ops, params) => codes(ops, params[param]!),
    rounding: {
      rounded: (ops, params) => ops.mul(codes(ops, params[param]!), step),
      neighbours: (ops, params, by) => {
        const w = params[param]!;
        const is = codes(ops, w);
        const isLast = ops.equal(is, ops.scalar(by * range));
        return ops.where(isLast, w, ops.mul(ops.add(is, by), step));
      },
    },
  });
  return {
    id: "coded",
    config: { d_in: dIn, d_sae: dSae, k },
    dIn,
    dSae,
    quantized: [quantized("W_enc", 1), quantized("W_dec", 0)],
    init: (ops, context) => {
      const { steps: _, ...params } = tiny.init(ops, context);
      return { ...params, b_enc: ops.zeros([dSae]) };
    },
    forward: (ops, params, { x }) => {
      const selected = ops.encodeTopK(x, rounded(ops, params["W_enc"]!), params["b_enc"]!, k);
      const latents = { ...selected, values: ops.relu(selected.values) };
      const reconstruction = ops.add(ops.decodeSparse(latents, rounded(ops, params["W_dec"]!)), params["b_dec"]!);
      return {
        reconstructions: [reconstruction], // [n, d_in]
        losses: { mse: ops.mean(ops.square(ops.sub(x, reconstruction))) },
        fired: ops.countFired(latents),
        latents,
      };
    },
    lower: () => Promise.reject(new Error("never lowered here")),
  };
}
