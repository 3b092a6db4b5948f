/** Harvesting: runs a language model over text and writes what passes through one of its tensors. */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";

import { fileSha256 } from "../files/sha256.ts";
import { writeFileAtomic } from "../files/write-file-atomic.ts";
import { harvestContent } from "./harvest-content.ts";
import { checkFiles, checkSettings, type HarvestOptions } from "./harvest-options.ts";
import { openHookedModel } from "./hooked-model.ts";
import { provenanceOf } from "./provenance.ts";
import { loadTokenizer } from "./tokenizer.ts";
import { documentsOfText } from "./windows-of-text.ts";

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
  const { dropFirst } = checkSettings(options);
  checkFiles(options);
  const { modelPath, outPath, signal, textPath } = options;
  signal?.throwIfAborted();
  const tokenizer = await loadTokenizer(options.tokenizerDir);
  const model = await openHookedModel(options);
  try {
    const inputs = {
      model,
      tokenizer,
      documents: documentsOfText(options),
      names: { model: modelPath, text: textPath ?? "texts", file: outPath },
      metadata: await provenance(options, model.tensor, dropFirst),
    };
    const { rows, windows, pieces, dIn } = await harvestContent(inputs, options);
    const bytes = await writeFileAtomic(outPath, pieces);
    return { path: outPath, tokens: rows, dIn: dIn(), windows, tensor: model.tensor, bytes };
  } finally {
    await model.close();
  }
}

async function provenance(
  { modelPath, tokenizerDir, textPath, texts, contextLength }: HarvestOptions,
  tensor: string,
  dropFirst: number,
): Promise<Record<string, string>> {
  return provenanceOf({
    model: basename(modelPath),
    modelSha256: await fileSha256(modelPath),
    hook: tensor,
    tokenizerSha256: await fileSha256(join(tokenizerDir, "tokenizer.json")),
    text: textPath === undefined ? `${texts.length} texts` : basename(textPath),
    textSha256: textPath === undefined ? sha256(JSON.stringify(texts)) : await fileSha256(textPath),
    contextLength,
    dropFirst,
  });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
