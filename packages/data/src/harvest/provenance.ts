export interface HarvestProvenance {
  /** Names without folders: a file should not tell where it was made. */
  readonly model: string;
  readonly text: string;
  /** Hashes in hexadecimal; absent where they cannot be computed. */
  readonly modelSha256: string | undefined;
  readonly tokenizerSha256: string | undefined;
  readonly textSha256: string | undefined;
  /** The tensor. */
  readonly hook: string;
  readonly contextLength: number;
  readonly dropFirst: number;
}

/** What anyone needs to make a file of activations again, as its `__metadata__`. */
export function provenanceOf(made: HarvestProvenance): Record<string, string> {
  const { model, modelSha256, hook, tokenizerSha256, text, textSha256, contextLength, dropFirst } = made;
  return {
    model,
    ...(modelSha256 !== undefined && { model_sha256: modelSha256 }),
    hook,
    ...(tokenizerSha256 !== undefined && { tokenizer_sha256: tokenizerSha256 }),
    text,
    ...(textSha256 !== undefined && { text_sha256: textSha256 }),
    context: String(contextLength),
    drop_first: String(dropFirst),
  };
}
