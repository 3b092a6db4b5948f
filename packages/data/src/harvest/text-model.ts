import { FormatError } from "@qsae/runtime";

import { type ModelInMemory, openInMemory } from "./model-in-memory.ts";

/** A language model for looking at single texts. */
export interface TextModel {
  /** Name of the tensor that is read. */
  readonly tensor: string;
  /**
   * Runs the model on the first `most` tokens of a text.
   * @throws FormatError if the tokenizer or the model fails on it
   */
  activations(text: string, most: number): Promise<TextActivations>;
  close(): Promise<void>;
}

export interface TextActivations {
  /** Each token decoded on its own: parts of a character become U+FFFD. */
  readonly pieces: readonly string[];
  /** One row per piece, `[n, d_in]`. */
  readonly x: Float32Array;
  /** Absent for a text without tokens. */
  readonly dIn?: number;
  /** Tokens of the whole text. */
  readonly tokens: number;
}

/**
 * Opens a language model that is in memory, to see what passes through one of its tensors on texts.
 * @throws FormatError naming what is damaged or foreign; UsageError if the model has no such tensor
 * @example
 * const model = await openTextModel({ ort, model: file, tokenizer: json, hook: "blocks.1" });
 * const { pieces, x, dIn } = await model.activations("In the beginning", 128);
 * await model.close();
 */
export async function openTextModel(options: ModelInMemory): Promise<TextModel> {
  const { model, tokenizer } = await openInMemory(options);
  const { name } = options.tokenizer;
  return {
    tensor: model.tensor,
    async activations(text, most) {
      const all = idsOf(() => tokenizer.encode(text, { add_special_tokens: false }).ids);
      const ids = Int32Array.from(all.slice(0, most));
      if (ids.length === 0) return { pieces: [], x: new Float32Array(), tokens: 0 };
      const { values, dIn } = await model.run(ids, 1);
      const pieces = [...ids].map((id) => tokenizer.decode([id], { clean_up_tokenization_spaces: false }));
      return { pieces, x: values, dIn, tokens: all.length };
    },
    close: () => model.close(),
  };

  function idsOf(encode: () => number[]): number[] {
    try {
      return encode();
    } catch (error) {
      throw new FormatError(name, `the tokenizer fails on this text: ${(error as Error).message}`);
    }
  }
}
