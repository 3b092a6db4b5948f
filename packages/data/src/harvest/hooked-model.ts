/** An ONNX language model in onnxruntime, opened to hand out one internal tensor. */
import { resolveHook } from "./hooks.ts";
import { parseOnnxGraph, withOutput } from "./onnx-graph.ts";
import { loadOnnxruntime, runSession, type SessionOptions, startSession } from "./onnx-session.ts";
import { readModel } from "./read-model.ts";
import { vocabularySize } from "./vocabulary.ts";
import { checkInputs, type FixedShape, fixedShape, IDS, windowFeeds } from "./window-feeds.ts";
import { windowFloats } from "./window-vectors.ts";

export interface HookedModelOptions extends SessionOptions {
  /** A layer number, an alias from `discoverHooks`, or a tensor's name. */
  readonly hook: string | number;
}

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

/**
 * @throws FormatError if the file is no ONNX model, or asks for inputs beside `input_ids`, `attention_mask` and
 * `position_ids`; UsageError if it has no such tensor
 */
export async function openHookedModel(options: HookedModelOptions): Promise<HookedModel> {
  const { modelPath } = options;
  const bytes = await readModel(modelPath);
  const graph = parseOnnxGraph(bytes, modelPath);
  checkInputs(graph.inputs, modelPath);
  const tensor = resolveHook(graph, options.hook, modelPath);
  const exposed = graph.outputs.includes(tensor) ? bytes : withOutput(bytes, tensor);
  const ort = await loadOnnxruntime();
  const session = await startSession(ort, exposed, options);

  const fixed = fixedShape(session);

  return {
    tensor,
    vocabulary: vocabularySize(graph, IDS),
    fixed,
    run: async (ids, n) => {
      const context = ids.length / n;
      const feeds = windowFeeds(ort, session, graph.inputs, ids, [fixed.batch ?? n, context], modelPath);
      const results = await runSession(session, feeds, [tensor], { path: modelPath, windows: n, context });
      const { values, d } = windowFloats(results[tensor]!, n, context, `${modelPath}: tensor ${tensor}`);
      return { values, dIn: d };
    },
    close: () => session.release(),
  };
}
