/** Compression of a trained SAE, by a method's name. */
import type { Backend, DataSource, Reporter, SupportOverlap } from "@qsae/core";
import { supportOverlap } from "@qsae/core";
import { UsageError, unknownName, type PackedSae } from "@qsae/runtime";
import { encodeTokens } from "./calibration/encode-tokens.ts";
import { sampleTokens, type CalibrationTokens } from "./calibration/tokens.ts";
import { interruptible } from "./interruptible.ts";
import { quantizeDefaults } from "./quantize-defaults.ts";
import { calibrated } from "./recipes/calibrated.ts";
import { tuned, twoPhase } from "./recipes/tuned.ts";
import { bothSides, requireOptions } from "./require-options.ts";
import { rotateSae } from "./rotate.ts";
import { roundToNearest, type RoundingTargets } from "./round-to-nearest.ts";
import { packWorkingSae, workingSae, type WorkingSae } from "./working-sae.ts";

/**
 * - `rtn`: every weight to the nearest level of a least-squares grid; needs no data
 * - `gptq`: codes, scales and biases from calibration tokens; seconds
 * - `tune`: `gptq`, then training of everything but the codes
 * - `two-phase`: encoder trained straight through, dictionary by `gptq`, then both as far as codes allow; for 2 bits and less on both sides
 */
export const quantizeMethods = ["rtn", "gptq", "tune", "two-phase"] as const;
export type QuantizeMethod = (typeof quantizeMethods)[number];

export interface QuantizeSaeOptions extends RoundingTargets {
  readonly method: QuantizeMethod;
  /** Activations of the SAE's hook that are not used to evaluate. All methods but `rtn` need them. */
  readonly source?: DataSource;
  /** Tokens that `gptq` looks at. Default 20000. */
  readonly calibrationTokens?: number;
  /** Training steps of `tune` and `two-phase` in all. Default 1000. */
  readonly steps?: number;
  /** Tokens per training step. Default 1024. */
  readonly batchSize?: number;
  /** Rotates the activations' space first, see {@link rotateSae}. Default false: it helps where few dimensions dominate. */
  readonly rotate?: boolean;
  /** Of samples, rotation and batches. Default 0. */
  readonly seed?: number;
  /** Of the training steps. */
  readonly reporters?: readonly Reporter[];
  /** Stops any method within a second or so; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface QuantizedSae {
  readonly sae: PackedSae;
  /** Which latents fire, against the SAE before, on the calibration tokens. Absent for `rtn`. */
  readonly support?: SupportOverlap;
}

/**
 * What is not quantized stays as it is, but that `tune` and `two-phase` train float weights; rows that a matrix leaves out
 * (`dropDeadLatents`) stay out.
 *
 * @throws UsageError if there is nothing to quantize, data are missing or of another width, or the SAE has several stages (`rtn` takes
 *   those too)
 * @throws NonFiniteError naming a weight or an activation that is not finite
 * @example
 * const { sae } = await quantizeSae(backend, packed, { method: "gptq", dictionary: ternary(), source });
 */
export async function quantizeSae(device: Backend, sae: PackedSae, options: QuantizeSaeOptions): Promise<QuantizedSae> {
  const { method, encoder, dictionary, rotate = false, source } = options;
  const { seed = quantizeDefaults.seed, calibrationTokens = quantizeDefaults.calibrationTokens } = options;
  if (!quantizeMethods.includes(method)) throw unknownName("method", method, quantizeMethods);
  if (!encoder && !dictionary)
    throw new UsageError("quantize: nothing to do; give a quantizer for encoder or dictionary");
  requireOptions(options);
  const backend = interruptible(device, options.signal);
  const { ops } = backend;
  const given = rotate ? rotateSae(sae, seed) : sae;
  if (method === "rtn") {
    const rounded = await roundToNearest(ops, given, {
      ...(encoder ? { encoder } : {}),
      ...(dictionary ? { dictionary } : {}),
    });
    return { sae: rounded };
  }
  if (!source) {
    throw new UsageError(`quantize: method ${method} needs activations; give training activations of the SAE's hook`);
  }
  const before = workingSae(given);
  const tokens = await sampleTokens(given, source, { tokens: calibrationTokens, seed });
  const after = await quantized(backend, before, { ...options, source, seed }, tokens);
  const support = supportOverlap(await encodeTokens(ops, before, tokens), await encodeTokens(ops, after, tokens));
  return { sae: await packWorkingSae(ops, after), support };
}

function quantized(
  backend: Backend,
  sae: WorkingSae,
  options: QuantizeSaeOptions & { readonly source: DataSource; readonly seed: number },
  tokens: CalibrationTokens,
): Promise<WorkingSae> {
  const { method, steps = quantizeDefaults.steps } = options;
  if (method === "gptq") return calibrated(backend.ops, sae, options, tokens);
  const recipe = { ...options, tokens, steps };
  if (method === "tune") return tuned(backend, sae, options, recipe);
  return twoPhase(backend, sae, bothSides(options), recipe);
}
