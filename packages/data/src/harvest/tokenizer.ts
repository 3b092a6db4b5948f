import { join } from "node:path";

import { kindOfPath } from "../files/kind-of-path.ts";
import { readJson } from "../files/read-json.ts";
import { type LoadedTokenizer, parseTokenizer } from "./parse-tokenizer.ts";

/** The largest vocabularies take some 30 MB. */
const MAX_TOKENIZER_BYTES = 256 * 1024 * 1024;

/**
 * Loads `tokenizer.json` of a Hugging Face model folder; `tokenizer_config.json` beside it where there is one.
 * @throws FormatError if it is missing, not JSON, or not a tokenizer
 */
export async function loadTokenizer(folder: string): Promise<LoadedTokenizer> {
  const path = join(folder, "tokenizer.json");
  const json = await readJson(path, "a Hugging Face tokenizer (tokenizer.json)", MAX_TOKENIZER_BYTES);
  const configPath = join(folder, "tokenizer_config.json");
  const config =
    (await kindOfPath(configPath)) === undefined
      ? {}
      : await readJson(configPath, "the settings of a tokenizer (tokenizer_config.json)", MAX_TOKENIZER_BYTES);
  return parseTokenizer(json, config, path);
}
