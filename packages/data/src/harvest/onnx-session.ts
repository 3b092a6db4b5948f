/** Sessions of onnxruntime, whose failures arrive as errors of ours. */
import { availableParallelism } from "node:os";

import { FormatError, QsaeError, UsageError } from "@qsae/runtime";
import type * as Onnxruntime from "onnxruntime-node";

/** Loaded when first needed: its native library takes time, and reading activations does without. */
export async function loadOnnxruntime(): Promise<typeof Onnxruntime> {
  try {
    return await import("onnxruntime-node");
  } catch (error) {
    throw new QsaeError(
      `onnxruntime-node does not load on this machine (${process.platform} ${process.arch}): ${oneLine(error)}; ` +
        "run the model on one that it supports, see https://onnxruntime.ai/docs/get-started/with-javascript/node.html",
      { cause: error },
    );
  }
}

export interface SessionOptions {
  /** What errors call the model. */
  readonly modelPath: string;
  /** Threads inside one operation. Default: the cores of the machine. */
  readonly threads?: number;
}

/** @throws FormatError with onnxruntime's reason; UsageError if `threads` is not a positive integer */
export async function startSession(
  ort: typeof Onnxruntime,
  model: Uint8Array,
  { modelPath, threads = availableParallelism() }: SessionOptions,
): Promise<Onnxruntime.InferenceSession> {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new UsageError(`threads=${threads}; expected an integer of at least 1`);
  }
  try {
    return await ort.InferenceSession.create(model, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // 4 is fatal: whatever goes wrong arrives as an exception, and stderr belongs to the caller.
      logSeverityLevel: 4,
    });
  } catch (error) {
    throw new FormatError(modelPath, `onnxruntime does not take it as a model: ${oneLine(error)}`);
  }
}

/** @throws FormatError with onnxruntime's reason if the model does not run */
export async function runSession(
  session: Onnxruntime.InferenceSession,
  feeds: Readonly<Record<string, Onnxruntime.Tensor>>,
  outputs: readonly string[],
  { path, windows, context }: { readonly path: string; readonly windows: number; readonly context: number },
): Promise<Onnxruntime.InferenceSession.ReturnType> {
  try {
    return await session.run(feeds, outputs, { logSeverityLevel: 4 });
  } catch (error) {
    throw new FormatError(
      path,
      `does not run on ${windows} windows of ${context} tokens (is contextLength beyond its positions?): ${oneLine(error)}`,
    );
  }
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
}
