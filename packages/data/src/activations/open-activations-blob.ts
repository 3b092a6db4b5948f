import type { DataSource } from "@qsae/core";

import { blobFile } from "../files/blob-file.ts";
import { activationsOf, type OpenActivationsOptions } from "./activations-of.ts";

/**
 * `openActivations` for a Blob, such as a File that a person gave to a page. Above 128 MiB it is read as it is needed,
 * never as a whole.
 *
 * @param name its ending tells the format: `.safetensors` (F32, F16, BF16) or `.npy` (f4, f2; little-endian, C order)
 * @throws FormatError naming the file if it is cut off, foreign, or holds no activations; UsageError if `tensor`, `from` or
 * `tokens` do not fit it
 * @example
 * const [file] = input.files;
 * const source = await openActivationsBlob(file, file.name, { tokens: 10_000 });
 */
export function openActivationsBlob(
  blob: Blob,
  name: string,
  options: OpenActivationsOptions = {},
): Promise<DataSource> {
  return activationsOf(name, async () => blobFile(blob, name), options);
}
