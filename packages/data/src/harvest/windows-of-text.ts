import type { TokenWindows } from "@qsae/core";
import { UsageError } from "@qsae/runtime";

import { documentsOf } from "./documents.ts";
import type { HarvestText } from "./harvest-options.ts";
import { readText } from "./read-text.ts";
import { loadTokenizer } from "./tokenizer.ts";
import { tokenWindows } from "./windows.ts";

export type WindowsOfTextOptions = HarvestText & {
  /** Folder with the model's `tokenizer.json`. */
  readonly tokenizerDir: string;
  /** Tokens per window. */
  readonly contextLength: number;
  /** Windows at most, from the start of the text. Default: all. */
  readonly maxWindows?: number;
  /** Ids must be below this (`SplicedModel.vocabulary`). Default: not checked. */
  readonly vocabulary?: number;
  /** Stops between documents; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
};

/**
 * The windows of token ids that `harvest` would run a model on.
 * @throws FormatError if a file is missing, damaged or foreign, or the text is shorter than a window; UsageError if an option
 * is out of range, or a token is beyond the vocabulary
 * @example
 * const windows = await windowsOfText({
 *   textPath: "examples/tiny-lm/heldout.txt",
 *   tokenizerDir: "examples/tiny-lm",
 *   contextLength: 128,
 * });
 */
export async function windowsOfText(options: WindowsOfTextOptions): Promise<TokenWindows> {
  const { contextLength, maxWindows = Infinity, vocabulary, signal } = options;
  const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1;
  if (!isCount(contextLength)) {
    throw new UsageError(`windowsOfText: contextLength=${contextLength}; expected an integer of at least 1`);
  }
  if (maxWindows !== Infinity && !isCount(maxWindows)) {
    throw new UsageError(`windowsOfText: maxWindows=${maxWindows}; expected an integer of at least 1`);
  }
  if ((options.texts === undefined) === (options.textPath === undefined)) {
    throw new UsageError("windowsOfText: give either textPath or texts");
  }
  const tokenizer = await loadTokenizer(options.tokenizerDir);
  return tokenWindows(documentsOfText(options), tokenizer, {
    source: options.textPath ?? "texts",
    context: contextLength,
    maxWindows,
    vocabulary,
    signal,
  });
}

/** Every text in documents of its own. */
export async function* documentsOfText({ textPath, texts }: HarvestText): AsyncGenerator<string> {
  if (textPath !== undefined) yield* documentsOf(readText(textPath));
  else for (const text of texts) yield* documentsOf([text]);
}
