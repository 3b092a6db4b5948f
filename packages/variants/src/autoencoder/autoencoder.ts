/**
 * The one-stage sparse autoencoder that most variants are: an affine encoder, an activation, a dictionary.
 *
 *     u = x - b_dec (or x);  z = activation(u W_enc + b_enc);  xhat = z W_dec + b_dec
 *     loss = mean over tokens and dimensions of (xhat - x)^2 + the activation's losses
 */
import type { ForwardPass, InitContext, StepContext, Tensor, TensorOps, Tensors, Variant } from "@qsae/core";
import type { Activation } from "./activation.ts";
import type { Constraint } from "./constraint.ts";
import { denseLatents } from "./dense.ts";
import { requiredTensor } from "./required-tensor.ts";
import { tied, type Start } from "./start.ts";
import { warmStarted } from "./warm-start.ts";
import type { Weights } from "./weights.ts";

export interface AutoencoderParts {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly dIn: number;
  readonly dSae: number;
  /** Whether there is a b_dec, and whether the encoder subtracts it from its input. */
  readonly decoderBias: "none" | "added" | "added and subtracted";
  readonly activation: Activation;
  readonly encoder: Weights;
  readonly dictionary: Weights;
  /** Default: none. */
  readonly constraint?: Constraint;
  /** Default: tied. */
  readonly start?: Start;
  /** Weight of the mean squared error in the loss. Default 1. */
  readonly mseWeight?: number;
}

export function autoencoder(parts: AutoencoderParts): Variant {
  const { id, config, dIn, dSae, activation, encoder, dictionary, constraint = {} } = parts;
  const subtractBDec = parts.decoderBias === "added and subtracted";
  return {
    id,
    config,
    dIn,
    dSae,
    init: (ops, context) => ops.tidy(() => initialParameters(ops, parts, context)),
    forward: (ops, params, { x, dead, progress }): ForwardPass => {
      const bDec = params["b_dec"]; // [d_in]
      const activated = activation.apply(ops, {
        x,
        ...(subtractBDec ? { center: bDec! } : {}),
        wEnc: encoder.effective(ops, params),
        bEnc: params["b_enc"]!,
        wDec: dictionary.effective(ops, params),
        params,
        progress,
        ...(dead ? { dead } : {}),
      });
      const { latents, scores } = activated;
      const reconstruction = bDec ? ops.add(activated.decoded, bDec) : activated.decoded; // [n, d_in]
      const residual = ops.sub(x, reconstruction);
      const statistics = constraint.statistics?.(ops, { z: denseLatents(latents), error: ops.neg(residual) });
      return {
        reconstructions: [reconstruction],
        losses: {
          mse: ops.mul(ops.mean(ops.square(residual)), parts.mseWeight ?? 1),
          ...activated.losses,
          ...dictionary.losses?.(ops, params),
          ...activated.residualLosses?.(ops.detach(residual)),
        },
        fired: activated.fired,
        latents,
        ...(scores ? { scores } : {}),
        ...(statistics ? { statistics } : {}),
      };
    },
    ...(constraint.afterBackward
      ? {
          afterBackward: (ops: TensorOps, params: Tensors, grads: Tensors, context: StepContext) =>
            constraint.afterBackward!(ops, params, grads, context),
        }
      : {}),
    ...(constraint.afterStep
      ? {
          afterStep: (ops: TensorOps, params: Tensors, context: StepContext) =>
            constraint.afterStep!(ops, params, context),
        }
      : {}),
    lower: async (ops, params) => ({
      dIn,
      stages: [
        {
          dSae,
          input: { kind: "x" },
          subtractBDec,
          encoder: await encoder.pack(ops, params),
          bEnc: requiredTensor(params, "b_enc").data,
          selection: activation.selection(params),
          dictionary: await dictionary.pack(ops, params),
          bDec: parts.decoderBias === "none" ? new Float32Array(dIn) : requiredTensor(params, "b_dec").data,
          outputWeight: 1,
        },
      ],
      description: { variant: id, config, provenance: {}, metrics: {} },
    }),
  };
}

function initialParameters(
  ops: TensorOps,
  parts: AutoencoderParts,
  { seed, center, warmStart = {} }: InitContext,
): Tensors {
  const { id, dIn, dSae, encoder, dictionary, activation, start = tied } = parts;
  const warmAtoms = warmStart["W_dec"];
  const atoms: { atoms?: Tensor } = warmAtoms ? { atoms: ops.fromHost(warmAtoms) } : {};
  const warmEncoder = warmStart["W_enc"]; // [d_in, d_sae]
  const fresh = start(ops, { dIn, dSae, seed, center, ...atoms });
  return warmStarted(ops, id, warmStart, {
    ...encoder.init(ops, warmEncoder ? ops.transpose(ops.fromHost(warmEncoder)) : fresh.encoder, seed),
    b_enc: fresh.bEnc,
    ...dictionary.init(ops, fresh.atoms, seed),
    ...(parts.decoderBias === "none" ? {} : { b_dec: fresh.bDec }),
    ...activation.init(ops),
  });
}
