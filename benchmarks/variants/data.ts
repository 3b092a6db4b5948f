/** The activations that every cell trains on and is evaluated on. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DataSource } from "@qsae/core";
import { openActivations } from "@qsae/data";
import { FormatError } from "@qsae/runtime";

export const TRAIN_FILE = "gpt_train100k.f16.safetensors";
export const HELDOUT_FILE = "gpt_heldout20k.f16.safetensors";

/** Width of those activations. */
export const D_IN = 256;
/** Latents of every cell. */
export const D_SAE = 2048;

export interface Sources {
  readonly train: DataSource;
  readonly heldout: DataSource;
}

const folder = process.env["QSAE_DATA"] ?? fileURLToPath(new URL("../../../shared/data", import.meta.url));

/** @throws FormatError if the activations are not there, naming the file and the variable that points elsewhere */
export async function withSources<T>(use: (sources: Sources) => Promise<T>): Promise<T> {
  const train = await open(TRAIN_FILE);
  try {
    const heldout = await open(HELDOUT_FILE);
    try {
      return await use({ train, heldout });
    } finally {
      await heldout.close();
    }
  } finally {
    await train.close();
  }
}

function open(name: string): Promise<DataSource> {
  const path = join(folder, "gpt", name);
  if (!existsSync(path)) throw new FormatError(path, "no such file; point QSAE_DATA at the folder that holds gpt/");
  return openActivations(path);
}
