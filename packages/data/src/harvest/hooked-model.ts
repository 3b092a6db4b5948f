/** A language model's file in onnxruntime for Node, opened to hand out one internal tensor. */
import { hookModel, type HookedModel } from "./hook-model.ts";
import { loadOnnxruntime, type SessionOptions, startSession } from "./onnx-session.ts";
import { readModel } from "./read-model.ts";

export interface HookedModelOptions extends SessionOptions {
  /** A layer number, an alias from `discoverHooks`, or a tensor's name. */
  readonly hook: string | number;
}

/** @throws FormatError if there is no such file; else as `hookModel` */
export async function openHookedModel(options: HookedModelOptions): Promise<HookedModel> {
  const { modelPath, hook } = options;
  const bytes = await readModel(modelPath);
  const ort = await loadOnnxruntime();
  return hookModel(ort, bytes, { modelPath, hook, start: (model) => startSession(ort, model, options) });
}
