/**
 * Mixed precision for a whole SAE: what its latents do on given activations says how many bits each atom gets
 * (`allocate-atoms.ts`), a method chooses codes at these widths, and latents that never fire are dropped from the file.
 */
import type { Backend, DataSource, Quantizer, Reporter, TensorOps } from "@qsae/core";
import { dequantizeMatrix, unknownName, type PackedSae } from "@qsae/runtime";
import { dropDeadLatents } from "../mixed/drop-dead-latents.ts";
import { packMixed } from "../mixed/pack-mixed.ts";
import { quantizerOfWidth } from "../mixed/widths.ts";
import { allocateAtoms, type AtomBits } from "./allocate-atoms.ts";
import { sampleTokens } from "./calibration/tokens.ts";
import { quantizeEncoder } from "./encoder/quantize-encoder.ts";
import { interruptible } from "./interruptible.ts";
import { quantizeDefaults } from "./quantize-defaults.ts";
import { calibratedDictionary } from "./recipes/calibrated.ts";
import { trainedRounds } from "./recipes/tuned.ts";
import { rotateSae } from "./rotate.ts";
import { roundToNearest } from "./round-to-nearest.ts";
import { packWorkingSae, workingSae } from "./working-sae.ts";

/** Those of `quantizeMethods` that can give every atom a quantizer of its own. */
export const mixedMethods = ["rtn", "gptq", "tune"] as const;
export type MixedMethod = (typeof mixedMethods)[number];

export interface QuantizeMixedOptions {
  /** Bits per weight of the dictionary, on average over all atoms: see `allocateBits`. */
  readonly budget: number;
  /** Default `gptq`. */
  readonly method?: MixedMethod;
  /** Absent: the encoder keeps its weights. Quantized before importance is measured. */
  readonly encoder?: Quantizer;
  /** Activations of the SAE's hook that are not used to evaluate. */
  readonly source: DataSource;
  /** Tokens that importance is measured on. A latent that fires on none of them is dropped. Default 100000, or all there are. */
  readonly importanceTokens?: number;
  /** Tokens that `gptq` looks at. Default 20000. */
  readonly calibrationTokens?: number;
  /** Training steps of `tune`. Default 1000. */
  readonly steps?: number;
  /** Tokens per training step. Default 1024. */
  readonly batchSize?: number;
  /** Rotates the activations' space first, see {@link rotateSae}. Default false. */
  readonly rotate?: boolean;
  /** Of samples, rotation and batches. Default 0. */
  readonly seed?: number;
  /** Of the training steps. */
  readonly reporters?: readonly Reporter[];
  /** Stops any method within a second or so; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface MixedSae extends AtomBits {
  readonly sae: PackedSae;
}

const IMPORTANCE_TOKENS = 100_000;

/**
 * @throws UsageError if the budget does not pay for the narrowest width, the data are of another width or no latent fires on
 *   them, or the SAE has several stages
 * @example
 * const { sae } = await quantizeMixed(backend, packed, { budget: 2, encoder: int(8), source });
 */
export async function quantizeMixed(device: Backend, sae: PackedSae, options: QuantizeMixedOptions): Promise<MixedSae> {
  const { method = "gptq", rotate = false, seed = quantizeDefaults.seed, signal } = options;
  if (!mixedMethods.includes(method)) throw unknownName("method", method, mixedMethods);
  const backend = interruptible(device, signal);
  const given = rotate ? rotateSae(sae, seed) : sae;
  const mixed =
    method === "rtn"
      ? await rounded(backend.ops, given, { ...options, seed })
      : await calibrated(backend, given, { ...options, method, seed });
  return { ...mixed, sae: dropDeadLatents(mixed.sae, mixed.dead) };
}

async function rounded(
  ops: TensorOps,
  sae: PackedSae,
  { encoder, seed, budget, source, importanceTokens = IMPORTANCE_TOKENS }: QuantizeMixedOptions & { seed: number },
): Promise<MixedSae> {
  const encoded = await roundToNearest(ops, sae, encoder ? { encoder } : {});
  const working = workingSae(encoded);
  const allocated = await allocateAtoms(ops, working, { budget, source, tokens: importanceTokens, seed });
  const stage = encoded.stages[0]!;
  const w = { shape: [stage.dSae, sae.dIn], data: dequantizeMatrix(stage.dictionary) };
  const dictionary = await packMixed(ops, w, Array.from(allocated.bits, quantizerOfWidth));
  return { ...allocated, sae: { ...encoded, stages: [{ ...stage, dictionary }] } };
}

async function calibrated(
  backend: Backend,
  sae: PackedSae,
  options: QuantizeMixedOptions & { readonly method: MixedMethod; readonly seed: number },
): Promise<MixedSae> {
  const { method, encoder, source, seed, budget, importanceTokens = IMPORTANCE_TOKENS } = options;
  const { calibrationTokens = quantizeDefaults.calibrationTokens, steps = quantizeDefaults.steps } = options;
  const { ops } = backend;
  const float = workingSae(sae);
  const tokens = await sampleTokens(sae, source, { tokens: calibrationTokens, seed });
  const encoded = encoder ? await quantizeEncoder(ops, float, encoder, tokens) : float;
  const allocated = await allocateAtoms(ops, encoded, { budget, source, tokens: importanceTokens, seed });
  const quantizers = Array.from(allocated.bits, quantizerOfWidth);
  const ofLatent = (latent: number): Quantizer | undefined => quantizers[latent];
  const start = await calibratedDictionary(ops, encoded, ofLatent, tokens);
  const after =
    method === "tune" ? await trainedRounds(backend, start, ofLatent, { ...options, tokens, steps }) : start;
  return { ...allocated, sae: await packWorkingSae(ops, after) };
}
