import { UsageError } from "../errors.ts";
import type { Latents } from "../latents.ts";
import type { PackedSae, PackedStage } from "../packed/schema.ts";
import { encodingSteps } from "./encoding-steps.ts";
import type { EncodingStep } from "./encoding-step.ts";
import { saeOutline, tokensIn } from "./outline.ts";
import { prepareSae } from "./prepare.ts";
import type { Sae } from "./sae.ts";

/**
 * An SAE whose scores somebody else computes, on a device say. All else is that of {@link Sae}: scale and rotation, residuals
 * between stages, selection, decoding.
 */
export interface StagedSae extends Omit<Sae, "encode" | "reconstruct"> {
  /** What the scores of each stage are computed with, `h = u W_enc + b_enc`. */
  readonly stages: readonly Pick<PackedStage, "dSae" | "encoder" | "bEnc" | "selection">[];

  /**
   * Encodes in steps, the stages of `blockTokens` tokens after another: each must be given its latents before the next is
   * asked for. Ends with the latents of all tokens.
   *
   * @param x `[n, d_in]` row-major; n may be 0
   * @throws UsageError if the length of x is no multiple of `dIn`, `blockTokens` is not a positive integer, or a step was
   * not finished
   * @throws NonFiniteError naming the token row if x is NaN or Inf
   */
  readonly encodingSteps: (x: Float32Array, blockTokens: number) => Generator<EncodingStep, Latents, undefined>;
}

/**
 * Makes the part of an SAE that needs no encoder; dictionaries are expanded to float32 once. For whoever has a faster way to
 * scores than `loadSae`.
 *
 * @param name what errors call it, e.g. the file's name
 * @throws FormatError if the bytes are no packed SAE, UsageError if a PackedSae breaks a rule of the schema
 * @example
 * const sae = stagedSae(packed);
 * const encoders = sae.stages.map(({ encoder }) => dequantizeMatrix(encoder));
 * const steps = sae.encodingSteps(activations, 64);
 * let step = steps.next();
 * for (; !step.done; step = steps.next()) step.value.interpret(encoders[step.value.stage]!);
 * const latents = step.value;
 */
export function stagedSae(source: Uint8Array | PackedSae, name = "packed SAE"): StagedSae {
  const sae = prepareSae(source, name);
  return {
    ...saeOutline(sae),
    stages: sae.stages,
    encodingSteps(x, blockTokens) {
      tokensIn(x, sae.dIn, "encode");
      if (!Number.isInteger(blockTokens) || blockTokens < 1) {
        throw new UsageError(`encodingSteps: blockTokens=${blockTokens} is not a positive integer`);
      }
      return encodingSteps(sae, x, { blockTokens });
    },
  };
}
