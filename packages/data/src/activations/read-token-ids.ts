import { extname } from "node:path";

import { FormatError } from "@qsae/runtime";

import { withFile } from "../files/open-file.ts";
import { readSafetensorsHeader } from "../safetensors/read-header.ts";
import { readTensor } from "../safetensors/read-tensors.ts";

const INTEGER_DTYPES: readonly string[] = ["I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8"];

/**
 * The token at each row of an activation file: the integer tensor `tokens` `[rows]` that `harvest` writes beside the
 * activations. Row numbers are those of the file, as in `Batch.rows`.
 * @returns undefined where the file has none (`.npy` never has)
 * @throws FormatError if the file is damaged or `tokens` is not one integer per row
 */
export async function readTokenIds(path: string): Promise<Int32Array | undefined> {
  if (extname(path).toLowerCase() !== ".safetensors") return undefined;
  return withFile(path, "activations with their tokens (.safetensors)", async (file) => {
    const entry = (await readSafetensorsHeader(file)).entries.get("tokens");
    if (entry === undefined) return undefined;
    if (!INTEGER_DTYPES.includes(entry.dtype) || entry.shape.length !== 1) {
      throw new FormatError(
        path,
        `tensor "tokens" is ${entry.dtype} [${entry.shape.join(", ")}]; expected one integer per row, [rows]`,
      );
    }
    const { data } = await readTensor(file, "tokens", entry);
    return data instanceof Int32Array ? data : Int32Array.from(data);
  });
}
