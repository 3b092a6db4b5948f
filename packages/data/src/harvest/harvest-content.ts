/** The bytes of a file of activations, made while they are asked for: the model is run batch by batch. */
import { type ActivationFile, encodeRows, fileHead } from "./activation-file.ts";
import { batchSizeFor, checkSettings, type HarvestSettings } from "./harvest-options.ts";
import type { HookedModel } from "./hook-model.ts";
import type { TextTokenizer } from "./parse-tokenizer.ts";
import { tokenWindows } from "./windows.ts";

export interface HarvestInputs {
  readonly model: HookedModel;
  readonly tokenizer: TextTokenizer;
  readonly documents: AsyncIterable<string>;
  /** What errors call the model, the text and the file of activations. */
  readonly names: { readonly model: string; readonly text: string; readonly file: string };
  /** `__metadata__` of the file. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface HarvestContent {
  readonly rows: number;
  readonly windows: number;
  /** In order, once. */
  readonly pieces: AsyncGenerator<Uint8Array>;
  /** Width of the activations, as the pieces so far have it. */
  readonly dIn: () => number;
}

/** Tokenizes the text; throws as `harvest` does, here or from the pieces. */
export async function harvestContent(
  { model, tokenizer, documents, names, metadata }: HarvestInputs,
  settings: HarvestSettings,
): Promise<HarvestContent> {
  const { dropFirst, dtype, maxTokens } = checkSettings(settings);
  const { contextLength, signal } = settings;
  const batchSize = batchSizeFor(model, { ...settings, modelPath: names.model });
  const rowsPerWindow = contextLength - dropFirst;
  const windows = await tokenWindows(documents, tokenizer, {
    source: names.text,
    context: contextLength,
    maxWindows: Math.ceil(maxTokens / rowsPerWindow),
    vocabulary: model.vocabulary,
    signal,
  });
  const rows = Math.min(windows.count * rowsPerWindow, maxTokens);
  let dIn = 0;
  return { rows, windows: windows.count, pieces: pieces(), dIn: () => dIn };

  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let window = 0; window < windows.count; window += batchSize) {
      const n = Math.min(batchSize, windows.count - window);
      const run = await model.run(windows.ids.subarray(window * contextLength, (window + n) * contextLength), n);
      signal?.throwIfAborted();
      dIn = run.dIn;
      const file: ActivationFile = { path: names.file, windows, dropFirst, rows, dIn, dtype, metadata };
      if (window === 0) yield* fileHead(file);
      yield encodeRows(file, run.values, window * rowsPerWindow);
      settings.onProgress?.({ tokens: Math.min((window + n) * rowsPerWindow, rows), totalTokens: rows });
    }
    signal?.throwIfAborted();
  }
}
