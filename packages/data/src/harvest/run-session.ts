/** Sessions of any onnxruntime, that of Node or that of web pages, whose failures arrive as errors of ours. */
import { FormatError } from "@qsae/runtime";
import type * as Onnxruntime from "onnxruntime-node";

/** What is used of onnxruntime: `onnxruntime-node` and `onnxruntime-web` both have it. */
export type OnnxRuntime = Pick<typeof Onnxruntime, "InferenceSession" | "Tensor">;

/** 4 is fatal: whatever goes wrong arrives as an exception, and stderr belongs to the caller. */
const FATAL_ONLY = { logSeverityLevel: 4 } as const;

/** @throws FormatError with onnxruntime's reason */
export async function createSession(
  ort: OnnxRuntime,
  model: Uint8Array,
  modelPath: string,
  options: Onnxruntime.InferenceSession.SessionOptions = {},
): Promise<Onnxruntime.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, { ...options, ...FATAL_ONLY });
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
    return await session.run(feeds, outputs, FATAL_ONLY);
  } catch (error) {
    throw new FormatError(
      path,
      `does not run on ${windows} windows of ${context} tokens (is contextLength beyond its positions?): ${oneLine(error)}`,
    );
  }
}

export function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
}
