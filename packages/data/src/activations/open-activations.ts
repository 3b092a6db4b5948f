import type { DataSource } from "@qsae/core";

import { openFile } from "../files/open-file.ts";
import { activationsOf, type OpenActivationsOptions } from "./activations-of.ts";

/**
 * Opens activations for streaming. `[tokens, d_in]` as it is, `[contexts, tokens, d_in]` flattened to rows. Memory: one
 * batch, and for shuffled passes one window of `shuffleBytes`. Row numbers in batches are those of the file, whatever
 * `from` is. Close it when done.
 *
 * @param path `.safetensors` (F32, F16, BF16) or `.npy` (f4, f2; little-endian, C order)
 * @throws FormatError naming the file if it is missing, cut off, foreign, or holds no activations;
 * UsageError if `tensor`, `from` or `tokens` do not fit the file
 * @example
 * const source = await openActivations("heldout.safetensors", { tokens: 10_000 });
 * for await (const { x, n } of source.batches({ batchSize: 1024, seed: 0 })) console.log(n, x.length / source.dIn);
 * await source.close();
 */
export function openActivations(path: string, options: OpenActivationsOptions = {}): Promise<DataSource> {
  return activationsOf(path, (expected) => openFile(path, expected), options);
}
