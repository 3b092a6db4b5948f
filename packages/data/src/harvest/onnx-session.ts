/** onnxruntime in Node, and its sessions. */
import { availableParallelism } from "node:os";

import { QsaeError, UsageError } from "@qsae/runtime";
import type * as Onnxruntime from "onnxruntime-node";

import { createSession, oneLine, type OnnxRuntime } from "./run-session.ts";

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
  ort: OnnxRuntime,
  model: Uint8Array,
  { modelPath, threads = availableParallelism() }: SessionOptions,
): Promise<Onnxruntime.InferenceSession> {
  if (!Number.isInteger(threads) || threads < 1) {
    throw new UsageError(`threads=${threads}; expected an integer of at least 1`);
  }
  return createSession(ort, model, modelPath, { intraOpNumThreads: threads, interOpNumThreads: 1 });
}
