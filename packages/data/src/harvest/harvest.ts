/** Harvesting: runs a language model over text and writes what passes through one of its tensors. */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";

import { fileSha256 } from "../files/sha256.ts";
import { writeFileAtomic } from "../files/write-file-atomic.ts";
import { type ActivationFile, encodeRows, fileHead } from "./activation-file.ts";
import { batchSizeFor, checkOptions, type HarvestOptions } from "./harvest-options.ts";
import { openHookedModel } from "./hooked-model.ts";
import { loadTokenizer } from "./tokenizer.ts";
import { documentsOfText } from "./windows-of-text.ts";
import { tokenWindows } from "./windows.ts";

export interface HarvestResult {
  readonly path: string;
  /** Rows written. */
  readonly tokens: number;
  readonly dIn: number;
  readonly windows: number;
  /** Name of the harvested tensor. */
  readonly tensor: string;
  /** Size of the file. */
  readonly bytes: number;
}

/**
 * Writes the activations of a language model on a text. Same input, same bytes. The file appears whole or not at all.
 * @throws FormatError if a file is missing, damaged or foreign, or the text is shorter than a window; UsageError if an
 * option is out of range, the hook is unknown, or a token is beyond the model's vocabulary; NonFiniteError if the model
 * yields NaN or Inf, or a value beyond float16 where that is the dtype
 * @example
 * await harvest({
 *   modelPath: "examples/tiny-lm/model.onnx",
 *   tokenizerDir: "examples/tiny-lm",
 *   textPath: "examples/tiny-lm/train.txt",
 *   hook: "blocks.1",
 *   contextLength: 128,
 *   outPath: "runs/train.safetensors",
 * });
 */
export async function harvest(options: HarvestOptions): Promise<HarvestResult> {
  const { dropFirst, dtype, maxTokens } = checkOptions(options);
  const { contextLength, outPath, signal } = options;
  signal?.throwIfAborted();
  const tokenizer = await loadTokenizer(options.tokenizerDir);
  const model = await openHookedModel(options);
  try {
    const batchSize = batchSizeFor(model, options);
    const rowsPerWindow = contextLength - dropFirst;
    const windows = await tokenWindows(documentsOfText(options), tokenizer, {
      source: options.textPath ?? "texts",
      context: contextLength,
      maxWindows: Math.ceil(maxTokens / rowsPerWindow),
      vocabulary: model.vocabulary,
      signal,
    });
    const rows = Math.min(windows.count * rowsPerWindow, maxTokens);
    const metadata = await provenance(options, model.tensor, dropFirst);
    let dIn = 0;
    const bytes = await writeFileAtomic(outPath, content());
    return { path: outPath, tokens: rows, dIn, windows: windows.count, tensor: model.tensor, bytes };

    async function* content(): AsyncGenerator<Uint8Array> {
      for (let window = 0; window < windows.count; window += batchSize) {
        const n = Math.min(batchSize, windows.count - window);
        const run = await model.run(windows.ids.subarray(window * contextLength, (window + n) * contextLength), n);
        signal?.throwIfAborted();
        dIn = run.dIn;
        const file: ActivationFile = { path: outPath, windows, dropFirst, rows, dIn, dtype, metadata };
        if (window === 0) yield* fileHead(file);
        yield encodeRows(file, run.values, window * rowsPerWindow);
        options.onProgress?.({ tokens: Math.min((window + n) * rowsPerWindow, rows), totalTokens: rows });
      }
      signal?.throwIfAborted();
    }
  } finally {
    await model.close();
  }
}

/** What anyone needs to make the file again. Names without folders: a file should not tell where it was made. */
async function provenance(
  { modelPath, tokenizerDir, textPath, texts, contextLength }: HarvestOptions,
  tensor: string,
  dropFirst: number,
): Promise<Record<string, string>> {
  return {
    model: basename(modelPath),
    model_sha256: await fileSha256(modelPath),
    hook: tensor,
    tokenizer_sha256: await fileSha256(join(tokenizerDir, "tokenizer.json")),
    text: textPath === undefined ? `${texts.length} texts` : basename(textPath),
    text_sha256: textPath === undefined ? sha256(JSON.stringify(texts)) : await fileSha256(textPath),
    context: String(contextLength),
    drop_first: String(dropFirst),
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
