/** An ONNX language model in onnxruntime that hands out one internal tensor. */
import type * as Onnxruntime from "onnxruntime-node";

import { modelUpTo } from "./model-up-to.ts";
import { parseOnnxGraph } from "./onnx-graph.ts";
import { resolveHook } from "./resolve-hook.ts";
import { type OnnxRuntime, runSession } from "./run-session.ts";
import { vocabularySize } from "./vocabulary.ts";
import { checkInputs, type FixedShape, fixedShape, IDS, windowFeeds } from "./window-feeds.ts";
import { windowFloats } from "./window-vectors.ts";

export interface HookedModel {
  /** Name of the tensor that `hook` means. */
  readonly tensor: string;
  /** Token ids are below this; undefined where the model's graph does not tell. */
  readonly vocabulary: number | undefined;
  readonly fixed: FixedShape;
  /**
   * Runs n windows of token ids `[n, context]`.
   * @throws FormatError with onnxruntime's reason if the model does not run; UsageError if the tensor is not `[n, context, d]`
   */
  run(ids: Int32Array, n: number): Promise<WindowActivations>;
  close(): Promise<void>;
}

interface WindowActivations {
  /** `[n, context, d_in]` */
  readonly values: Float32Array;
  readonly dIn: number;
}

export interface HookModelOptions {
  /** What errors call the model. */
  readonly modelPath: string;
  /** A layer number, an alias from `discoverHooks`, or a tensor's name. */
  readonly hook: string | number;
  /** How a session on the model, which ends at the hook, is made. */
  readonly start: (model: Uint8Array) => Promise<Onnxruntime.InferenceSession>;
}

/**
 * @param bytes a model of one file
 * @throws FormatError if it is no ONNX model, or asks for inputs beside `input_ids`, `attention_mask` and `position_ids`;
 * UsageError if it has no such tensor; what `start` throws
 */
export async function hookModel(
  ort: OnnxRuntime,
  bytes: Uint8Array,
  { modelPath, hook, start }: HookModelOptions,
): Promise<HookedModel> {
  const graph = parseOnnxGraph(bytes, modelPath);
  checkInputs(graph.inputs, modelPath);
  const tensor = resolveHook(graph, hook, modelPath);
  const { bytes: upToHook, inputs } = modelUpTo(bytes, graph, tensor);
  const session = await start(upToHook);
  const fixed = fixedShape(session);
  return {
    tensor,
    vocabulary: vocabularySize(graph, IDS),
    fixed,
    run: async (ids, n) => {
      const context = ids.length / n;
      const feeds = windowFeeds(ort, session, inputs, ids, [fixed.batch ?? n, context], modelPath);
      const results = await runSession(session, feeds, [tensor], { path: modelPath, windows: n, context });
      const { values, d } = windowFloats(results[tensor]!, n, context, `${modelPath}: tensor ${tensor}`);
      return { values, dIn: d };
    },
    close: () => session.release(),
  };
}
