/** A {@link WorkingSae} as a variant, so that the training loop of core can train what its matrices leave free. */
import type { ForwardContext, ForwardPass, Tensor, TensorOps, Tensors, TopKLatents, Variant } from "@qsae/core";
import { packWorkingSae, type WorkingSae } from "../working-sae.ts";
import type { HostTensors } from "@qsae/runtime";
import { selectLatents } from "../calibration/select-latents.ts";
import { trainedMatrix } from "./trained-matrix.ts";

export interface TunedVariant extends Variant {
  /** The SAE with the parameters of a run. */
  after(params: HostTensors): WorkingSae;
}

export function tunedVariant(sae: WorkingSae): TunedVariant {
  const { dIn, dSae, selection, subtractBDec, origin } = sae;
  const encoder = trainedMatrix("W_enc", sae.encoder, sae);
  const dictionary = trainedMatrix("W_dec", sae.dictionary, sae);
  const after = (params: HostTensors): WorkingSae => ({
    ...sae,
    encoder: encoder.after(params),
    dictionary: dictionary.after(params),
    bEnc: params["b_enc"]!.data as Float32Array,
    bDec: params["b_dec"]!.data as Float32Array,
  });
  return {
    id: origin.description.variant,
    config: origin.description.config,
    dIn,
    dSae,
    init: (ops) =>
      ops.tidy(() => ({
        ...encoder.init(ops),
        ...dictionary.init(ops),
        b_enc: ops.tensor(sae.bEnc, [dSae]),
        b_dec: ops.tensor(sae.bDec, [dIn]),
      })),
    forward: (ops, params, context) => {
      const bDec = params["b_dec"]!;
      const latents = selectLatents(ops, selection, {
        x: context.x,
        wEnc: ops.transpose(encoder.rows(ops, params)), // [d_in, d_sae]
        bEnc: params["b_enc"]!,
        ...(subtractBDec ? { center: bDec } : {}),
      });
      const skipped = origin.skip && ops.matMul(context.x, ops.tensor(origin.skip, [dIn, dIn])); // [n, d_in]
      const offset = skipped ? ops.add(skipped, bDec) : bDec;
      return reconstructed(ops, context, latents, dictionary.rows(ops, params), offset);
    },
    lower: (ops, params) => packWorkingSae(ops, after(params)),
    after,
  };
}

function reconstructed(
  ops: TensorOps,
  { x, target = x }: ForwardContext,
  latents: Tensor | TopKLatents,
  wDec: Tensor,
  offset: Tensor,
): ForwardPass {
  const sparse = "values" in latents;
  const decoded = sparse ? ops.decodeSparse(latents, wDec) : ops.matMul(latents, wDec); // [n, d_in]
  const reconstruction = ops.add(decoded, offset);
  const losses: Tensors = { mse: ops.mean(ops.square(ops.sub(reconstruction, target))) };
  const fired = sparse
    ? ops.countFired(latents)
    : ops.sum(ops.sub(1, ops.equal(ops.detach(latents), ops.scalar(0))), 0); // [d_sae]
  return { reconstructions: [reconstruction], losses, fired, latents };
}
