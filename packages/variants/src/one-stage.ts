/** From a checked configuration to a one-stage autoencoder: what all `default` presets have in common. */
import type { z } from "zod";
import { UsageError } from "@qsae/runtime";
import type { Quantizer, QuantizerResolver, Variant } from "@qsae/core";
import type { ChosenActivation } from "./activation-config.ts";
import { autoencoder } from "./autoencoder/autoencoder.ts";
import type { Constraint } from "./autoencoder/constraint.ts";
import { forSwitches, tied, untied } from "./autoencoder/start.ts";
import { unitNorm } from "./autoencoder/unit-norm.ts";
import { weights, type Weights } from "./autoencoder/weights.ts";
import type { autoencoderKeys } from "./config.ts";

type AutoencoderConfig = z.output<z.ZodObject<typeof autoencoderKeys>>;

export interface OneStage {
  readonly id: string;
  readonly parsed: AutoencoderConfig & { readonly decoder_quantizer?: string | undefined };
  readonly chosen: ChosenActivation;
  readonly resolve: QuantizerResolver;
  /** Where the variant decides it, with what bounds it. Default: as `decoder_quantizer` says. */
  readonly dictionary?: { readonly weights: Weights; readonly constraint?: Constraint };
  /** Default: one, d_sae. */
  readonly prefixEnds?: readonly number[];
  /** As in AutoencoderParts. */
  readonly joint?: boolean;
  readonly prefixWeights?: readonly number[];
}

/**
 * Float dictionaries have unit-norm atoms; quantized ones a learned scale per atom instead, and atoms of latents that are 0 or 1
 * carry the magnitude.
 *
 * @throws UsageError for an unknown quantizer, and for keys that contradict `transcoder`
 */
export function oneStage({ id, parsed, chosen, resolve, dictionary: given, ...prefixes }: OneStage): Variant {
  const { d_in: dIn, d_sae: dSae, transcoder, skip, encoder_quantizer: encoderName, decoder_quantizer: name } = parsed;
  const applyBDec = bDecAppliedToInput(id, parsed);
  const { apply_b_dec_to_input: _, ...withoutBDecKey } = chosen.config; // last, given or not: a run made again has the same bytes
  const start = transcoder ? untied : tied;
  const switching = chosen.activation.latents === "switches";
  const dictionary = given ?? configuredDictionary(name === undefined ? undefined : resolve(name), switching);
  return autoencoder({
    id,
    config: { ...withoutBDecKey, apply_b_dec_to_input: applyBDec },
    dIn,
    dSae,
    decoderBias: applyBDec ? "added and subtracted" : "added",
    activation: chosen.activation,
    encoder: weights({ name: "W_enc", ...(encoderName === undefined ? {} : { quantizer: resolve(encoderName) }) }),
    dictionary: dictionary.weights,
    ...(dictionary.constraint ? { constraint: dictionary.constraint } : {}),
    start: switching ? forSwitches(start, chosen.activation.active) : start,
    ...prefixes,
    transcoder,
    skip,
  });
}

function configuredDictionary(
  quantizer: Quantizer | undefined,
  switching: boolean,
): NonNullable<OneStage["dictionary"]> {
  if (quantizer) return { weights: weights({ name: "W_dec", quantizer }) };
  return { weights: weights({ name: "W_dec" }), ...(switching ? {} : { constraint: unitNorm }) };
}

function bDecAppliedToInput(
  id: string,
  { transcoder, skip, apply_b_dec_to_input: applied }: AutoencoderConfig,
): boolean {
  if (transcoder && applied) {
    throw new UsageError(
      `variant ${id}: transcoder and apply_b_dec_to_input contradict each other: b_dec belongs to the targets; remove apply_b_dec_to_input`,
    );
  }
  if (skip && !transcoder) {
    throw new UsageError(
      `variant ${id}: skip needs transcoder: a skip connection from activations to themselves learns the identity; set transcoder to true or remove skip`,
    );
  }
  return applied ?? !transcoder;
}
