import type { SafetensorsHeader } from "@qsae/runtime";

import { withFile } from "../files/open-file.ts";
import { readSafetensorsHeader } from "./read-header.ts";

/**
 * Tensors (names, types, shapes) and metadata of a `.safetensors` file, without reading its data: enough to tell what it is.
 * @param expected what the file should be, for the error when it is missing
 * @throws FormatError naming the file if it is missing, cut off or something else
 * @example
 * const { entries, metadata } = await safetensorsHeaderOf("sae.qsae.safetensors", "a packed SAE");
 */
export function safetensorsHeaderOf(path: string, expected: string): Promise<SafetensorsHeader> {
  return withFile(path, expected, readSafetensorsHeader);
}
