/**
 * Dead latents started anew on tokens that are reconstructed badly (Bricken et al. 2023, "Towards monosemanticity", appendix
 * "Neuron resampling"): the atom is the residual divided by its norm, the encoder row that times 0.2 times the mean norm of
 * living encoder rows, b_enc 0.
 *
 * Latents that are 0 or 1 cannot rescale an atom: theirs is the residual itself, with the encoder and bias of
 * `start.ts`. The encoder rows of a transcoder are random directions, since residuals lie in another space.
 */
import type { ChangedParameters, ResampleContext, Tensor, TensorOps, Tensors } from "@qsae/core";
import type { AutoencoderParts } from "./autoencoder.ts";
import { DEVIATION } from "./deviation.ts";
import { switchBias } from "./start.ts";
import { normalizeAtoms } from "./unit-norm.ts";

const ENCODER_SHARE = 0.2;

/** @returns undefined where rows of the weights cannot be replaced */
export function resampling(
  parts: AutoencoderParts,
): ((ops: TensorOps, params: Tensors, context: ResampleContext) => ChangedParameters) | undefined {
  const { encoder, dictionary, activation } = parts;
  if (!encoder.replaceRows || !dictionary.replaceRows) return undefined;
  return (ops, params, { seed, dead, residuals }) => {
    const { atoms, encoderRows, bEnc } = freshLatents(ops, parts, params, { seed, dead, residuals });
    const encoderPart = encoder.replaceRows!(ops, params, encoderRows, dead);
    const dictionaryPart = dictionary.replaceRows!(ops, params, atoms, dead);
    const perLatent = Object.entries({ b_enc: bEnc, ...activation.init(ops, params[DEVIATION] ?? 1) }).filter(
      ([, { shape }]) => shape[0] === parts.dSae,
    );
    const restarted = perLatent.map(([name, start]) => [name, ops.where(dead, start, params[name]!)] as const);
    return {
      params: { ...params, ...encoderPart.params, ...dictionaryPart.params, ...Object.fromEntries(restarted) },
      fresh: {
        ...encoderPart.fresh,
        ...dictionaryPart.fresh,
        ...Object.fromEntries(restarted.map(([name]) => [name, dead])),
      },
    };
  };
}

interface FreshLatents {
  /** `[d_sae, d_in]`; rows of living latents are 0. */
  readonly atoms: Tensor;
  /** `[d_sae, d_in]` */
  readonly encoderRows: Tensor;
  /** `[d_sae]` */
  readonly bEnc: Tensor;
}

function freshLatents(
  ops: TensorOps,
  { activation, dIn, dSae, transcoder = false }: AutoencoderParts,
  params: Tensors,
  { seed, dead, residuals }: ResampleContext,
): FreshLatents {
  const left = ops.where(ops.reshape(dead, [-1, 1]), residuals, ops.zeros([dSae, dIn])); // [d_sae, d_in]
  const random = (): Tensor => normalizeAtoms(ops, ops.randomNormal([dSae, dIn], 1, seed));
  if (activation.latents === "switches") {
    return { atoms: left, encoderRows: transcoder ? random() : left, bEnc: switchBias(ops, left) };
  }
  const atoms = normalizeAtoms(ops, left);
  const length = ops.mul(meanNormOfLiving(ops, params["W_enc"]!, dead), ENCODER_SHARE);
  return { atoms, encoderRows: ops.mul(transcoder ? random() : atoms, length), bEnc: ops.zeros([dSae]) };
}

/** Mean norm of the encoder columns of latents that are not dead, 1 where all are: a scalar. wEnc `[d_in, d_sae]`. */
function meanNormOfLiving(ops: TensorOps, wEnc: Tensor, dead: Tensor): Tensor {
  const norms = ops.sqrt(ops.sum(ops.square(wEnc), 0)); // [d_sae]
  const living = ops.sub(1, dead);
  const count = ops.sum(living);
  const mean = ops.div(ops.sum(ops.mul(norms, living)), ops.maximum(count, 1));
  return ops.add(mean, ops.equal(count, 0));
}
