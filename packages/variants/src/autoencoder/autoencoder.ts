/**
 * The one-stage sparse autoencoder that most variants are: an affine encoder, an activation, a dictionary.
 *
 *     u = x - b_dec (or x);  z = activation(u W_enc + b_enc);  xhat = z W_dec + b_dec
 *     loss = mean over tokens and dimensions of (xhat - x)^2 + the activation's losses
 */
import type { ForwardPass, InitContext, Tensor, TensorOps, Tensors, Variant } from "@qsae/core";
import type { Activation } from "./activation.ts";
import { normalizeAtoms } from "./unit-norm.ts";
import { requiredTensor } from "./required-tensor.ts";
import type { Weights } from "./weights.ts";

export interface AutoencoderParts {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly dIn: number;
  readonly dSae: number;
  readonly applyBDecToInput: boolean;
  readonly activation: Activation;
  readonly encoder: Weights;
  readonly dictionary: Weights;
  /** Atoms are kept at norm 1 and their gradients free of the component that would only change the norm. */
  readonly unitNormAtoms: boolean;
}

export function autoencoder(parts: AutoencoderParts): Variant {
  const { id, config, dIn, dSae, activation, encoder, dictionary } = parts;
  return {
    id,
    config,
    dIn,
    dSae,
    init: (ops, context) => ops.tidy(() => initialParameters(ops, parts, context)),
    forward: (ops, params, { x, dead, progress }): ForwardPass => {
      const bDec = params["b_dec"]!; // [d_in]
      const activated = activation.apply(ops, {
        x,
        ...(parts.applyBDecToInput ? { center: bDec } : {}),
        wEnc: encoder.effective(ops, params),
        bEnc: params["b_enc"]!,
        wDec: dictionary.effective(ops, params),
        params,
        progress,
        ...(dead ? { dead } : {}),
      });
      const reconstruction = ops.add(activated.decoded, bDec); // [n, d_in]
      const residual = ops.sub(x, reconstruction);
      return {
        reconstructions: [reconstruction],
        losses: {
          mse: ops.mean(ops.square(residual)),
          ...activated.losses,
          ...activated.residualLosses?.(ops.detach(residual)),
        },
        fired: activated.fired,
      };
    },
    ...(parts.unitNormAtoms
      ? {
          afterBackward: (ops: TensorOps, params: Tensors, grads: Tensors) => ({
            ...grads,
            W_dec: ops.removeParallel(grads["W_dec"]!, params["W_dec"]!),
          }),
          afterStep: (ops: TensorOps, params: Tensors) => ({ ...params, W_dec: normalizeAtoms(ops, params["W_dec"]!) }),
        }
      : {}),
    lower: async (ops, params) => ({
      dIn,
      stages: [
        {
          dSae,
          input: { kind: "x" },
          subtractBDec: parts.applyBDecToInput,
          encoder: await encoder.pack(ops, params),
          bEnc: requiredTensor(params, "b_enc").data,
          selection: activation.selection(params),
          dictionary: await dictionary.pack(ops, params),
          bDec: requiredTensor(params, "b_dec").data,
          outputWeight: 1,
        },
      ],
      description: { variant: id, config, provenance: {}, metrics: {} },
    }),
  };
}

/** Random unit atoms, `W_enc = W_dec^T`, `b_dec` = data mean; warm-started tensors take the place of these. */
function initialParameters(
  ops: TensorOps,
  parts: AutoencoderParts,
  { seed, mean, warmStart = {} }: InitContext,
): Tensors {
  const { dIn, dSae, encoder, dictionary, activation } = parts;
  const warm = (name: string): Tensor | undefined => warmStart[name] && ops.fromHost(warmStart[name]);
  const atoms = warm("W_dec") ?? normalizeAtoms(ops, ops.randomNormal([dSae, dIn], 1, seed)); // [d_sae, d_in]
  const warmEncoder = warm("W_enc"); // [d_in, d_sae]
  const own = Object.entries(activation.init(ops)).map(([name, fresh]) => [name, warm(name) ?? fresh] as const);
  return {
    ...encoder.init(ops, warmEncoder ? ops.transpose(warmEncoder) : atoms),
    b_enc: warm("b_enc") ?? ops.zeros([dSae]),
    ...dictionary.init(ops, atoms),
    b_dec: warm("b_dec") ?? ops.tensor(mean, [dIn]),
    ...Object.fromEntries(own),
  };
}
