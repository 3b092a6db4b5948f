/** Text to windows of token ids. */
import type { TokenWindows } from "@qsae/core";
import { FormatError, UsageError } from "@qsae/runtime";

import type { TextTokenizer } from "./parse-tokenizer.ts";

export interface WindowOptions {
  /** What errors call the text. */
  readonly source: string;
  /** Tokens per window. */
  readonly context: number;
  /** Stops reading when there are so many. */
  readonly maxWindows: number;
  /** Ids must be below this; undefined: unknown. */
  readonly vocabulary: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Lets events in that wait. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/**
 * Tokenizes documents and cuts each into windows, from its start on; what is left at the end of a document is dropped.
 * @throws FormatError if there is no text or no document fills a window; UsageError if an id is beyond the vocabulary
 */
export async function tokenWindows(
  documents: AsyncIterable<string>,
  tokenizer: TextTokenizer,
  options: WindowOptions,
): Promise<TokenWindows> {
  const { source, context, maxWindows } = options;
  const parts: Int32Array[] = [];
  let count = 0;
  let longest = 0;
  for await (const document of documents) {
    // Tokenizing blocks: let a waiting interrupt through.
    await nextTurn();
    options.signal?.throwIfAborted();
    const ids = tokenize(tokenizer, document, options);
    longest = Math.max(longest, ids.length);
    const windows = Math.min(Math.floor(ids.length / context), maxWindows - count);
    parts.push(ids.subarray(0, windows * context));
    count += windows;
    if (count === maxWindows) break;
  }
  if (longest === 0) throw new FormatError(source, "no text; expected text to run the model on");
  if (count === 0) {
    throw new FormatError(
      source,
      `${longest} tokens, fewer than one window of ${context}; give more text or lower contextLength`,
    );
  }
  const ids = new Int32Array(count * context);
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return { ids, count, context };
}

function tokenize(tokenizer: TextTokenizer, text: string, { source, vocabulary }: WindowOptions): Int32Array {
  const { ids, tokens } = encode(tokenizer, text, source);
  for (let i = 0; i < ids.length; i++) {
    const id: unknown = ids[i];
    if (typeof id !== "number" || !Number.isInteger(id) || id < 0) {
      throw new FormatError(
        source,
        `the tokenizer has no id for ${JSON.stringify(tokens[i])}; it does not cover this text`,
      );
    }
    if (vocabulary !== undefined && id >= vocabulary) {
      throw new UsageError(
        `${source}: token id ${id} (${JSON.stringify(tokens[i])}) is beyond the model's vocabulary of ${vocabulary}; ` +
          "the tokenizer belongs to another model",
      );
    }
  }
  return Int32Array.from(ids);
}

function encode(tokenizer: TextTokenizer, text: string, source: string): ReturnType<TextTokenizer["encode"]> {
  try {
    return tokenizer.encode(text, { add_special_tokens: false });
  } catch (error) {
    throw new FormatError(source, `the tokenizer fails on this text: ${(error as Error).message}`);
  }
}
