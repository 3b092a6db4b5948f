import { UsageError } from "@qsae/runtime";

import type { HookedModel } from "./hook-model.ts";

export type HarvestOptions = HarvestText &
  HarvestSettings & {
    /** ONNX language model in one file: `input_ids` `[batch, tokens]` in; no key-value cache. */
    readonly modelPath: string;
    /** Folder with the model's `tokenizer.json`. */
    readonly tokenizerDir: string;
    /** Where to write, `.safetensors`. */
    readonly outPath: string;
    /** Threads of the model. Default: the cores of the machine. */
    readonly threads?: number;
  };

/** What is harvested, wherever model and text come from and the activations go. */
export interface HarvestSettings {
  /** A layer number (the residual stream after that layer), an alias from `discoverHooks` (`blocks.1`), or a tensor's name. */
  readonly hook: string | number;
  /** Tokens per window; at most what the model has positions for. */
  readonly contextLength: number;
  /** Windows per run of the model. Default 8, or what the model is built for. */
  readonly batchSize?: number;
  /** Rows to write at most. Default: all that the text gives. */
  readonly maxTokens?: number;
  /** Positions left out at the start of every window. Default 1. */
  readonly dropFirst?: number;
  /** How activations are stored. Default `float16`. */
  readonly dtype?: "float16" | "float32";
  /** Called after every batch. */
  readonly onProgress?: (progress: HarvestProgress) => void;
  /** Stops the run; nothing is left behind, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Text from a file, or as strings. Every text is cut into windows of its own. */
export type HarvestText =
  | { readonly textPath: string; readonly texts?: never }
  | { readonly texts: readonly string[]; readonly textPath?: never };

export interface HarvestProgress {
  /** Rows done. */
  readonly tokens: number;
  readonly totalTokens: number;
}

/** Settings with the defaults filled in. `batchSize` has none yet: a model may be built for one. */
export interface CheckedSettings {
  readonly batchSize: number | undefined;
  readonly dropFirst: number;
  readonly dtype: "float16" | "float32";
  readonly maxTokens: number;
}

/** @throws UsageError naming the option, what was given, what is allowed */
export function checkSettings(settings: HarvestSettings): CheckedSettings {
  const { contextLength, batchSize, dropFirst = 1, dtype = "float16", maxTokens } = settings;
  const whole = (name: string, value: number, min: number): void => {
    if (!Number.isSafeInteger(value) || value < min) {
      throw new UsageError(`harvest: ${name}=${value}; expected an integer of at least ${min}`);
    }
  };
  whole("contextLength", contextLength, 1);
  if (batchSize !== undefined) whole("batchSize", batchSize, 1);
  whole("dropFirst", dropFirst, 0);
  if (maxTokens !== undefined) whole("maxTokens", maxTokens, 1);
  if (dropFirst >= contextLength) {
    throw new UsageError(`harvest: dropFirst=${dropFirst} leaves nothing of windows of contextLength=${contextLength}`);
  }
  if (dtype !== "float16" && dtype !== "float32") {
    throw new UsageError(`harvest: unknown dtype "${String(dtype)}"; allowed: float16, float32`);
  }
  return { batchSize, dropFirst, dtype, maxTokens: maxTokens ?? Infinity };
}

/** @throws UsageError if text is given twice or not at all, or the file would be none */
export function checkFiles(options: HarvestOptions): void {
  if ((options.texts === undefined) === (options.textPath === undefined)) {
    throw new UsageError("harvest: give either textPath or texts");
  }
  if (!options.outPath.toLowerCase().endsWith(".safetensors")) {
    throw new UsageError(`harvest: outPath=${options.outPath}; activations are written as .safetensors`);
  }
}

const DEFAULT_BATCH_SIZE = 8;

/**
 * Windows per run, where some models are built for a fixed number.
 * @throws UsageError if the model is built for other sizes than the options ask for
 */
export function batchSizeFor(
  { fixed }: Pick<HookedModel, "fixed">,
  options: Pick<HarvestOptions, "modelPath" | "contextLength" | "batchSize">,
): number {
  const { batchSize = fixed.batch ?? DEFAULT_BATCH_SIZE, contextLength, modelPath } = options;
  for (const [option, given, built] of [
    ["contextLength", contextLength, fixed.context],
    ["batchSize", batchSize, fixed.batch],
  ] as const) {
    if (built !== undefined && given !== built) {
      throw new UsageError(`${modelPath}: the model is built for ${option}=${built}; given: ${given}`);
    }
  }
  return batchSize;
}
