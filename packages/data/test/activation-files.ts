/** Files of activations whose values tell where they are. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { DataSource } from "@qsae/core";
import { encodeSafetensors, type TensorToWrite } from "@qsae/runtime";
import { onTestFinished } from "vitest";

import type { OpenActivationsOptions } from "../src/activations/activations-of.ts";
import { openActivations } from "../src/activations/open-activations.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** Row r is [r, r + 0.5, ...]. */
export function ramp(rows: number, dIn: number): Float32Array {
  return Float32Array.from({ length: rows * dIn }, (_, i) => Math.floor(i / dIn) + 0.5 * (i % dIn));
}

export async function fileOf(name: string, content: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, content);
  return path;
}

export async function opened(path: string, options?: OpenActivationsOptions): Promise<DataSource> {
  const source = await openActivations(path, options);
  onTestFinished(() => source.close());
  return source;
}

export const safetensors = (tensors: Record<string, TensorToWrite>): Promise<string> =>
  fileOf("acts.safetensors", encodeSafetensors(tensors, { hook: "blocks.1" }));

export const rampFile = (rows: number, dIn: number): Promise<string> =>
  safetensors({ activations: { shape: [rows, dIn], data: ramp(rows, dIn) } });
