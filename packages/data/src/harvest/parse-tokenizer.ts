import { Tokenizer } from "@huggingface/tokenizers";
import { FormatError } from "@qsae/runtime";

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

/**
 * A tokenizer from what `tokenizer.json` and `tokenizer_config.json` hold.
 * @param path what errors call it
 * @throws FormatError if it is not a tokenizer
 */
export function parseTokenizer(json: unknown, config: unknown, path: string): LoadedTokenizer {
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
