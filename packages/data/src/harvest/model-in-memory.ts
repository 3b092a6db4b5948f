/** A language model and its tokenizer from bytes, for where there are no files. */
import { FormatError } from "@qsae/runtime";

import { hookModel, type HookedModel } from "./hook-model.ts";
import { type LoadedTokenizer, parseTokenizer } from "./parse-tokenizer.ts";
import { createSession, type OnnxRuntime } from "./run-session.ts";

/** A file in memory. */
export interface NamedBytes {
  /** Without folders. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface ModelInMemory {
  /** `onnxruntime-web` or `onnxruntime-node`, with its threads as they are to be. */
  readonly ort: OnnxRuntime;
  /** ONNX language model in one file: `input_ids` `[batch, tokens]` in; no key-value cache. */
  readonly model: NamedBytes;
  /** `tokenizer.json` of a Hugging Face model. */
  readonly tokenizer: NamedBytes;
  /** `tokenizer_config.json`, where there is one. */
  readonly tokenizerConfig?: NamedBytes;
  /** A layer number (the residual stream after that layer), an alias from `discoverHooks` (`blocks.1`), or a tensor's name. */
  readonly hook: string | number;
}

/** @throws FormatError naming what is damaged or foreign; UsageError if the model has no such tensor */
export async function openInMemory({ ort, model, tokenizer, tokenizerConfig, hook }: ModelInMemory): Promise<{
  readonly model: HookedModel;
  readonly tokenizer: LoadedTokenizer;
}> {
  return {
    tokenizer: parseTokenizer(jsonOf(tokenizer), tokenizerConfig ? jsonOf(tokenizerConfig) : {}, tokenizer.name),
    model: await hookModel(ort, model.bytes, {
      modelPath: model.name,
      hook,
      start: (bytes) => createSession(ort, bytes, model.name),
    }),
  };
}

/** @throws FormatError if it is something else */
export function utf8({ name, bytes }: NamedBytes, expected: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FormatError(name, `not UTF-8 text; expected ${expected}`);
  }
}

function jsonOf(file: NamedBytes): unknown {
  const text = utf8(file, "JSON");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FormatError(file.name, `not JSON (${(error as Error).message})`);
  }
}
