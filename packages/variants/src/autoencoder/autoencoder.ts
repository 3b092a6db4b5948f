/**
 * The one-stage sparse autoencoder that most variants are: an affine encoder, an activation, a dictionary.
 *
 *     u = x - b_dec (or x);  z = activation(u W_enc + b_enc);  xhat = z W_dec + b_dec (+ x W_skip)
 *     loss = mean over tokens and dimensions of (xhat - target)^2 + the activation's losses,   target = x unless given
 *
 * With nested prefixes of latents the squared error is a weighted sum over prefixes, by default their mean.
 */
import type {
  ChangedParameters,
  ForwardContext,
  ForwardPass,
  InitContext,
  StepContext,
  Tensor,
  TensorOps,
  Tensors,
  Variant,
} from "@qsae/core";
import { UsageError, type HostTensors, type PackedSae } from "@qsae/runtime";
import type { Activation } from "./activation.ts";
import type { Constraint } from "./constraint.ts";
import { countFired, decodePrefixes } from "./decode.ts";
import { denseLatents } from "./dense.ts";
import { inputScaleFolding } from "./fold-input-scale.ts";
import { requiredTensor } from "./required-tensor.ts";
import { resampling } from "./resample.ts";
import { tied, type Start } from "./start.ts";
import { weightedError } from "./weighted-error.ts";
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
  /** Ends of nested prefixes of latents, ascending, the last d_sae. Default: one, all of them. */
  readonly prefixEnds?: readonly number[];
  /** Weights of the prefixes' errors in the loss. Default: equal, 1 in all. */
  readonly prefixWeights?: readonly number[];
  /** Whether the error of longer prefixes trains the latents of shorter ones too. Default true. */
  readonly joint?: boolean;
  /** Whether targets lie in another space than x. Default false. */
  readonly transcoder?: boolean;
  /** Whether there is a skip connection, `W_skip [d_in, d_in]`. Default false. */
  readonly skip?: boolean;
}

export function autoencoder(parts: AutoencoderParts): Variant {
  const { id, config, dIn, dSae, constraint = {} } = parts;
  const resample = resampling(parts);
  const foldInputScale = inputScaleFolding(parts);
  const afterStep = afterStepOf(parts);
  return {
    id,
    config,
    dIn,
    dSae,
    quantized: [...(parts.encoder.quantized ?? []), ...(parts.dictionary.quantized ?? [])],
    init: (ops, context) => ops.tidy(() => initialParameters(ops, parts, context)),
    forward: (ops, params, context) => forward(ops, parts, params, context),
    ...(constraint.afterBackward
      ? {
          afterBackward: (ops: TensorOps, params: Tensors, grads: Tensors, context: StepContext) =>
            constraint.afterBackward!(ops, params, grads, context),
        }
      : {}),
    ...(afterStep ? { afterStep } : {}),
    ...(resample ? { resample } : {}),
    ...(foldInputScale ? { foldInputScale } : {}),
    lower: (ops, params) => lower(ops, parts, params),
  };
}

function forward(
  ops: TensorOps,
  parts: AutoencoderParts,
  params: Tensors,
  { x, target, dead, progress }: ForwardContext,
): ForwardPass {
  const { id, activation, encoder, dictionary, constraint = {}, prefixEnds = [parts.dSae] } = parts;
  const subtractBDec = parts.decoderBias === "added and subtracted";
  if (target && subtractBDec) {
    throw new UsageError(
      `variant ${id}: targets apart from inputs are given, but b_dec, which belongs to the targets, is subtracted from the inputs; set transcoder to true`,
    );
  }
  const bDec = params["b_dec"]; // [d_in]
  const wDec = dictionary.effective(ops, params, progress); // [d_sae, d_in]
  const { latents, scores, ...activated } = activation.apply(ops, {
    x,
    ...(subtractBDec ? { center: bDec! } : {}),
    wEnc: encoder.effective(ops, params, progress),
    bEnc: params["b_enc"]!,
    wDec,
    params,
    progress,
    ...(dead ? { dead } : {}),
  });
  const skipped = parts.skip ? ops.matMul(x, params["W_skip"]!) : undefined; // [n, d_in]
  const offset = skipped && bDec ? ops.add(skipped, bDec) : (skipped ?? bDec); // [d_in] or [n, d_in]
  const decoded = decodePrefixes(ops, latents, wDec, prefixEnds, parts.joint);
  const reconstructions = offset ? decoded.map((prefix) => ops.add(prefix, offset)) : decoded; // each [n, d_in]
  const wanted = target ?? x; // [n, d_in]
  const residuals = reconstructions.map((reconstruction) => ops.sub(wanted, reconstruction));
  const residual = residuals.at(-1)!;
  const statistics = {
    ...activated.statistics,
    ...constraint.statistics?.(ops, { z: denseLatents(latents), error: ops.neg(residual) }),
  };
  const { prefixWeights = prefixEnds.map(() => 1 / prefixEnds.length) } = parts;
  const mse = weightedError(ops, residuals, prefixWeights);
  return {
    reconstructions,
    losses: {
      mse: ops.mul(mse, parts.mseWeight ?? 1),
      ...activated.losses,
      ...dictionary.losses?.(ops, params),
      ...activated.targetLosses?.({
        ofLatents: ops.detach(offset ? ops.sub(wanted, offset) : wanted),
        residual: ops.detach(residual),
      }),
    },
    fired: countFired(ops, latents),
    latents,
    ...(scores ? { scores } : {}),
    ...(Object.keys(statistics).length > 0 ? { statistics } : {}),
  };
}

/** What the constraint and the activation change after a step. */
function afterStepOf({ activation, constraint = {} }: AutoencoderParts): Variant["afterStep"] {
  if (!activation.afterStep && !constraint.afterStep) return undefined;
  return (ops, params, context): ChangedParameters => {
    const changed = constraint.afterStep?.(ops, params, context) ?? { params };
    const own = activation.afterStep?.(ops, changed.params, context);
    return { ...changed, params: { ...changed.params, ...own } };
  };
}

async function lower(ops: TensorOps, parts: AutoencoderParts, params: HostTensors): Promise<PackedSae> {
  const { id, config, dIn, dSae, activation, encoder, dictionary, decoderBias, prefixEnds = [dSae] } = parts;
  const { selection, bEnc = requiredTensor(params, "b_enc").data } = activation.lower(params);
  return {
    dIn,
    stages: [
      {
        dSae,
        input: { kind: "x" },
        subtractBDec: decoderBias === "added and subtracted",
        encoder: await encoder.pack(ops, params),
        bEnc,
        selection,
        dictionary: await dictionary.pack(ops, params),
        bDec: decoderBias === "none" ? new Float32Array(dIn) : requiredTensor(params, "b_dec").data,
        outputWeight: 1,
        ...(prefixEnds.length > 1 ? { prefixEnds } : {}),
      },
    ],
    ...(parts.skip ? { skip: requiredTensor(params, "W_skip").data } : {}),
    description: { variant: id, config, provenance: {}, metrics: {} },
  };
}

function initialParameters(
  ops: TensorOps,
  parts: AutoencoderParts,
  { seed, center, deviation, warmStart = {} }: InitContext,
): Tensors {
  const { id, dIn, dSae, encoder, dictionary, activation, start = tied } = parts;
  const warmAtoms = warmStart["W_dec"];
  const atoms: { atoms?: Tensor } = warmAtoms ? { atoms: ops.fromHost(warmAtoms) } : {};
  const warmEncoder = warmStart["W_enc"]; // [d_in, d_sae]
  const fresh = start(ops, { dIn, dSae, seed, center, deviation, ...atoms });
  return warmStarted(ops, id, warmStart, {
    ...encoder.init(ops, warmEncoder ? ops.transpose(ops.fromHost(warmEncoder)) : fresh.encoder, seed),
    b_enc: fresh.bEnc,
    ...dictionary.init(ops, fresh.atoms, seed),
    ...(parts.decoderBias === "none" ? {} : { b_dec: fresh.bDec }),
    ...(parts.skip ? { W_skip: ops.zeros([dIn, dIn]) } : {}),
    ...activation.init(ops, deviation),
  });
}
