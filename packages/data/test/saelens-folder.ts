/** A small SAE in SAELens layout. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { encodeSafetensors, type TensorToWrite } from "@qsae/runtime";

import { temporaryFolder } from "./temporary-folder.ts";

export const D = 3;
export const F = 4;

export const numbers = (length: number, from = 0): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(from + i)));

export const weights: Record<string, TensorToWrite> = {
  W_enc: { shape: [D, F], data: numbers(D * F) },
  b_enc: { shape: [F], data: numbers(F, 100) },
  W_dec: { shape: [F, D], data: numbers(F * D, 200) },
  b_dec: { shape: [D], data: numbers(D, 300) },
};

export const cfg = {
  architecture: "topk",
  d_in: D,
  d_sae: F,
  k: 2,
  dtype: "float32",
  device: "cpu",
  apply_b_dec_to_input: true,
  normalize_activations: "none",
  reshape_activations: "none",
  rescale_acts_by_decoder_norm: false,
  metadata: { hook_name: "blocks.1.hook_resid_post", model_name: "tiny" },
};

export async function folderOf(
  config: object | string,
  tensors: Record<string, TensorToWrite> = weights,
): Promise<string> {
  const folder = join(await temporaryFolder(), "my_sae");
  await mkdir(folder);
  await writeFile(join(folder, "cfg.json"), typeof config === "string" ? config : JSON.stringify(config));
  await writeFile(join(folder, "sae_weights.safetensors"), encodeSafetensors(tensors));
  return folder;
}
