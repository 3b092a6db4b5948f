import { join } from "node:path";

import { Tokenizer } from "@huggingface/tokenizers";
import { FormatError } from "@qsae/runtime";

import { kindOfPath } from "../files/kind-of-path.ts";
import { readJson } from "../files/read-json.ts";

/** What harvesting uses of a tokenizer. */
export interface TextTokenizer {
  encode(
    text: string,
    options: { readonly add_special_tokens: boolean },
  ): { readonly ids: number[]; readonly tokens: string[] };
  decode(ids: number[], options?: { readonly clean_up_tokenization_spaces: boolean }): string;
}

/** A tokenizer whose vocabulary is known. */
export interface LoadedTokenizer extends TextTokenizer {
  /** As the vocabulary spells it; undefined for an id beyond it. */
  id_to_token(id: number): string | undefined;
}

// The package's declarations leave out file extensions, so that "module": "nodenext" cannot resolve its Tokenizer.
const HuggingFaceTokenizer = Tokenizer as unknown as new (json: object, config: object) => LoadedTokenizer;

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
  try {
    return new HuggingFaceTokenizer(asObject(json), asObject(config));
  } catch (error) {
    throw new FormatError(path, `not a Hugging Face tokenizer: ${(error as Error).message}`);
  }
}

function asObject(json: unknown): object {
  if (typeof json !== "object" || json === null) throw new Error("not a JSON object");
  return json;
}
