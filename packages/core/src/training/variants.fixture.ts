/** Variants small enough that every number of a run can be checked. */
import type { HostTensor, HostTensors } from "@qsae/runtime";
import type { TensorOps } from "../contracts/tensor-ops.ts";
import type { Variant } from "../contracts/variant.ts";

export const D = 6;

/** `xhat = x A`: latents are the inputs themselves, latent 5 never fires. */
export const linear: Variant = {
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
  foldInputScale: (params) => params, // (s x A) / s
  lower: () => Promise.reject(new Error("never lowered here")),
};

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
      const given = Object.entries(warmStart).map(([name, tensor]) => [name, ops.fromHost(tensor)]);
      return { ...fresh, ...(Object.fromEntries(given) as object) };
    },
    forward: (ops, params, { x, target = x, progress }) => {
      const latents = ops.encodeTopK(x, params["W_enc"]!, params["b_enc"]!, k, params["b_dec"]!);
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
