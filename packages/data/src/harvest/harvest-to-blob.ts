/** Harvesting without files: model, tokenizer and text are in memory, and so are the activations. */
import { FormatError } from "@qsae/runtime";

import { documentsOf } from "./documents.ts";
import { harvestContent } from "./harvest-content.ts";
import { checkSettings, type HarvestSettings } from "./harvest-options.ts";
import { hookModel } from "./hook-model.ts";
import { parseTokenizer } from "./parse-tokenizer.ts";
import { provenanceOf } from "./provenance.ts";
import { createSession, type OnnxRuntime } from "./run-session.ts";

/** A file in memory. */
export interface NamedBytes {
  /** Without folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface HarvestToBlobOptions extends HarvestSettings {
  /** `onnxruntime-web` or `onnxruntime-node`, with its threads as they are to be. */
  readonly ort: OnnxRuntime;
  /** ONNX language model in one file: `input_ids` `[batch, tokens]` in; no key-value cache. */
  readonly model: NamedBytes;
  /** `tokenizer.json` of a Hugging Face model. */
  readonly tokenizer: NamedBytes;
  /** `tokenizer_config.json`, where there is one. */
  readonly tokenizerConfig?: NamedBytes;
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
  const { ort, model: file, tokenizer: json, tokenizerConfig: config, text, hook, contextLength, signal } = options;
  const { dropFirst } = checkSettings(options);
  signal?.throwIfAborted();
  const tokenizer = parseTokenizer(jsonOf(json), config ? jsonOf(config) : {}, json.name);
  const start = (bytes: Uint8Array) => createSession(ort, bytes, file.name);
  const model = await hookModel(ort, file.bytes, { modelPath: file.name, hook, start });
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

function jsonOf(file: NamedBytes): unknown {
  try {
    return JSON.parse(utf8(file, "JSON"));
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(file.name, `not JSON (${(error as Error).message})`);
  }
}

function utf8({ name, bytes }: NamedBytes, expected: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(name, `not UTF-8 text; expected ${expected}`);
  }
}

/** Undefined on pages that are not served securely, which have no such thing. */
async function sha256(bytes: Uint8Array): Promise<string | undefined> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  const digest = await subtle?.digest("SHA-256", Uint8Array.from(bytes));
  return digest && [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
