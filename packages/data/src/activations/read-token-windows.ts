import { extname } from "node:path";

import type { TokenWindows } from "@qsae/core";
import { FormatError } from "@qsae/runtime";

import { withFile } from "../files/open-file.ts";
import { readSafetensorsHeader } from "../safetensors/read-header.ts";
import { readTensor } from "../safetensors/read-tensors.ts";

/**
 * The windows of token ids that the activations of a file were harvested on: the integer tensor `windows` `[n, context]` that
 * `harvest` writes beside them.
 * @returns undefined where the file has none (`.npy` never has)
 * @throws FormatError if the file is damaged or `windows` is not integers in two dimensions
 */
export async function readTokenWindows(path: string): Promise<TokenWindows | undefined> {
  if (extname(path).toLowerCase() !== ".safetensors") return undefined;
  return withFile(path, "activations with the windows they come from (.safetensors)", async (file) => {
    const entry = (await readSafetensorsHeader(file)).entries.get("windows");
    if (entry === undefined) return undefined;
    const [count, context] = entry.shape;
    if (!/^[IU]\d+$/.test(entry.dtype) || entry.shape.length !== 2 || !count || !context) {
      throw new FormatError(
        path,
        `tensor "windows" is ${entry.dtype} [${entry.shape.join(", ")}]; expected integers [n, context]`,
      );
    }
    const { data } = await readTensor(file, "windows", entry);
    return { ids: data instanceof Int32Array ? data : Int32Array.from(data), count, context };
  });
}
