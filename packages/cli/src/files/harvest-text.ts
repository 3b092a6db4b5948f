/** What `--text` and `--hook` say, for the commands that run a language model. */
import type { HarvestText } from "@qsae/data";
import { FormatError } from "@qsae/runtime";
import { readBytes } from "./read-bytes.ts";

/** One text is read piece by piece; several are read whole, so that no window spans two. */
export async function harvestText(paths: readonly string[]): Promise<HarvestText> {
  const [first, ...more] = paths;
  if (more.length === 0) return { textPath: first! };
  return { texts: await Promise.all(paths.map(readText)) };
}

async function readText(path: string): Promise<string> {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await readBytes(path, "plain text in UTF-8"));
  } catch (error) {
    if (error instanceof TypeError) throw new FormatError(path, "not UTF-8 text; expected plain text in UTF-8");
    throw error;
  }
}

/** A number is a layer, and so is the name that TransformerLens gives the stream behind one (`blocks.1.hook_resid_post`). */
export function hookOf(text: string): string | number {
  const layer = /^(?:(\d+)|blocks\.(\d+)[. ](?:hook_)?resid_post)$/.exec(text);
  return layer === null ? text : Number(layer[1] ?? layer[2]);
}
