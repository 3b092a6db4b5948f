/** Harvesting without files: model, tokenizer and text are in memory, and so are the activations. */
import { documentsOf } from "./documents.ts";
import { harvestContent } from "./harvest-content.ts";
import { checkSettings, type HarvestSettings } from "./harvest-options.ts";
import { type ModelInMemory, type NamedBytes, openInMemory, utf8 } from "./model-in-memory.ts";
import { provenanceOf } from "./provenance.ts";

export interface HarvestToBlobOptions extends HarvestSettings, ModelInMemory {
  readonly hook: string | number;
  /** Plain text in UTF-8. */
  readonly text: NamedBytes;
}

export interface HarvestedBlob {
  /** A `.safetensors` file of activations. */
  readonly blob: Blob;
  /** Rows in it. */
  readonly tokens: number;
  readonly dIn: number;
  readonly windows: number;
  /** Name of the harvested tensor. */
  readonly tensor: string;
}

/**
 * The activations of a language model on a text, as the file that `harvest` of `@qsae/data` writes: with the same onnxruntime,
 * the same bytes.
 * @throws as `harvest`
 * @example
 * const { blob } = await harvestToBlob({
 *   ort, // import * as ort from "onnxruntime-web"
 *   model: { name: "model.onnx", bytes: model },
 *   tokenizer: { name: "tokenizer.json", bytes: tokenizer },
 *   text: { name: "train.txt", bytes: text },
 *   hook: "blocks.1",
 *   contextLength: 128,
 * });
 * const source = await openActivationsBlob(blob, "train.safetensors");
 */
export async function harvestToBlob(options: HarvestToBlobOptions): Promise<HarvestedBlob> {
  const { model: file, tokenizer: json, text, contextLength, signal } = options;
  const { dropFirst } = checkSettings(options);
  signal?.throwIfAborted();
  const { model, tokenizer } = await openInMemory(options);
  try {
    const metadata = provenanceOf({
      model: file.name,
      modelSha256: await sha256(file.bytes),
      hook: model.tensor,
      tokenizerSha256: await sha256(json.bytes),
      text: text.name,
      textSha256: await sha256(text.bytes),
      contextLength,
      dropFirst,
    });
    const inputs = {
      model,
      tokenizer,
      documents: documentsOf([utf8(text, "plain text in UTF-8")]),
      names: { model: file.name, text: text.name, file: `activations of ${file.name}` },
      metadata,
    };
    const { rows, windows, pieces, dIn } = await harvestContent(inputs, options);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    // Copies: a piece may be a view of memory that the model uses again.
    for await (const piece of pieces) parts.push(Uint8Array.from(piece));
    return { blob: new Blob(parts), tokens: rows, dIn: dIn(), windows, tensor: model.tensor };
  } finally {
    await model.close();
  }
}

/** Undefined on pages that are not served securely, which have no such thing. */
async function sha256(bytes: Uint8Array): Promise<string | undefined> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  const digest = await subtle?.digest("SHA-256", Uint8Array.from(bytes));
  return digest && [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
