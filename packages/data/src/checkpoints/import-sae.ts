/**
 * Reading SAEs that others have trained: SAELens layout, `sae_weights.safetensors` + `cfg.json`, and `.pth` files of the
 * Python reference.
 */
import { basename, dirname, extname, join } from "node:path";

import type { SaeCheckpoint } from "@qsae/core";
import { FormatError, type HostTensor, type HostTensors, UsageError } from "@qsae/runtime";

import { kindOfPath } from "../files/kind-of-path.ts";
import { readJson } from "../files/read-json.ts";
import { fileSha256 } from "../files/sha256.ts";
import { readSafetensorsFile } from "../safetensors/read-tensors.ts";
import { foldDecoderNorm } from "./fold-decoder-norm.ts";
import { importReference } from "./reference/import-reference.ts";
import type { ImportSaeOptions } from "./reference/reference-options.ts";
import { requireFinite } from "./require-finite.ts";
import { ACTIVATION_OF_ARCHITECTURE, parseSaeLensConfig, type SaeLensConfig } from "./saelens-config.ts";
import { CONFIG_FILE, saeLensShapes, WEIGHTS_FILE } from "./saelens-layout.ts";

const MAX_CONFIG_BYTES = 1 << 20;
const TORCH_FILE = /\.(pth|pt)$/i;
const EXPECTED = `an SAE in SAELens layout (a folder with ${WEIGHTS_FILE} and ${CONFIG_FILE})`;
const EXPECTED_ANY = `${EXPECTED}, or a state_dict of the Python reference (.pth, .pt)`;

/**
 * Reads an SAE in SAELens layout: architectures `standard`, `topk` and `jumprelu`. Weights become float32: `W_enc`
 * `[d_in, d_sae]`, `b_enc` `[d_sae]`, `W_dec` `[d_sae, d_in]`, `b_dec` `[d_in]`, and `threshold` `[d_sae]` for jumprelu.
 * What SAELens computes is kept: decoder norms are folded in where it rescales by them, and thresholds below 0, which it
 * takes as 0, become 0.
 *
 * A `.pth` or `.pt` file is read as a state_dict of the Python reference; nothing in it is executed. Its names and shapes
 * tell the variant, but not baseline from binary-latent, nor k, gamma and the bits of quantized-matryoshka: `options` do.
 *
 * @param path the folder, or the weights file with `cfg.json` beside it, or a `.pth` or `.pt` file
 * @param options what a `.pth` file does not store
 * @throws FormatError naming the file and the key or tensor that is missing, damaged or not supported, and for a `.pth` file
 * the options that are needed (`OptionsNeededError`); UsageError for options that do not belong; NonFiniteError if a weight is NaN or Inf
 * @example
 * const { spec, tensors } = await importSae("sae_gpt_d2048_k32");
 * // spec: { variant: "baseline", config: { d_in: 256, d_sae: 2048, activation: "topk", k: 32, apply_b_dec_to_input: true } }
 * @example
 * const { spec } = await importSae("baseline_sae.pth", { variant: "baseline", k: 32 });
 * // spec: { variant: "baseline", config: { d_in: 512, d_sae: 32768, activation: "topk", k: 32, apply_b_dec_to_input: false } }
 */
export async function importSae(path: string, options: ImportSaeOptions = {}): Promise<SaeCheckpoint> {
  if (TORCH_FILE.test(path)) return importReference(path, options, EXPECTED_ANY);
  const given = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : name));
  if (given.length > 0) {
    throw new UsageError(`importSae: ${given.join(", ")} can be given for .pth and .pt files only; ${path} is none`);
  }
  return importSaeLens(path);
}

async function importSaeLens(path: string): Promise<SaeCheckpoint> {
  const weightsPath = await weightsFileOf(path);
  const configPath = join(dirname(weightsPath), CONFIG_FILE);
  const config = parseSaeLensConfig(
    await readJson(configPath, `${CONFIG_FILE} of ${EXPECTED}`, MAX_CONFIG_BYTES),
    configPath,
  );
  const { tensors } = await readSafetensorsFile(weightsPath, EXPECTED);
  const weights = checkWeights(tensors, config, weightsPath);
  return {
    spec: {
      variant: "baseline",
      config: {
        d_in: config.dIn,
        d_sae: config.dSae,
        activation: ACTIVATION_OF_ARCHITECTURE[config.architecture],
        ...(config.k === undefined ? {} : { k: config.k }),
        apply_b_dec_to_input: config.applyBDecToInput,
      },
    },
    tensors: config.rescaleByDecoderNorm ? foldDecoderNorm(weights) : weights,
    provenance: {
      ...config.provenance,
      imported: basename(dirname(weightsPath)),
      layout: "SAELens",
      weights_sha256: await fileSha256(weightsPath),
    },
  };
}

async function weightsFileOf(path: string): Promise<string> {
  const kind = await kindOfPath(path);
  if (kind === undefined) throw new FormatError(path, `no such file or folder; expected ${EXPECTED_ANY}`);
  if (kind === "folder") return join(path, WEIGHTS_FILE);
  if (extname(path).toLowerCase() !== ".safetensors") throw new FormatError(path, `expected ${EXPECTED_ANY}`);
  return path;
}

function checkWeights(tensors: HostTensors, config: SaeLensConfig, path: string): HostTensors {
  const shapes = saeLensShapes(config);
  const weights: Record<string, HostTensor> = {};
  for (const [name, expected] of Object.entries(shapes)) {
    const tensor = tensors[name];
    const wanted = `float [${expected.join(", ")}] by d_in=${config.dIn}, d_sae=${config.dSae} of ${CONFIG_FILE}`;
    if (tensor === undefined) throw new FormatError(path, `no tensor "${name}"; expected ${wanted}`);
    if (!(tensor.data instanceof Float32Array) || tensor.shape.join() !== expected.join()) {
      const kind = tensor.data instanceof Float32Array ? "float" : "integer";
      throw new FormatError(path, `tensor "${name}" is ${kind} [${tensor.shape.join(", ")}]; expected ${wanted}`);
    }
    requireFinite(path, name, tensor);
    weights[name] =
      name === "threshold" ? { shape: tensor.shape, data: tensor.data.map((theta) => Math.max(theta, 0)) } : tensor;
  }
  for (const [name, { data }] of Object.entries(tensors)) {
    // Versions before 3 always wrote a scale after the activation; where it is 1 it does nothing.
    const doesNothing = name === "scaling_factor" && data.every((value) => value === 1);
    if (!Object.hasOwn(shapes, name) && !doesNothing) {
      throw new FormatError(
        path,
        `tensor "${name}" does not belong to architecture ${config.architecture}, which has ${Object.keys(shapes).join(", ")}`,
      );
    }
  }
  return weights;
}
