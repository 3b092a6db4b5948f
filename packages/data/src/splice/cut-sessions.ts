/** A language model in two sessions of onnxruntime: whole, and from a hook on. */
import { FormatError, UsageError } from "@qsae/runtime";
import type * as Onnxruntime from "onnxruntime-node";

import { type OnnxGraph, parseOnnxGraph, withOutput } from "../harvest/onnx-graph.ts";
import { loadOnnxruntime, type SessionOptions, startSession } from "../harvest/onnx-session.ts";
import { readModel } from "../harvest/read-model.ts";
import { resolveHook } from "../harvest/resolve-hook.ts";
import { runSession } from "../harvest/run-session.ts";
import { checkInputs, type FixedShape, fixedShape, windowFeeds } from "../harvest/window-feeds.ts";
import { windowFloats } from "../harvest/window-vectors.ts";
import { encodeF16 } from "../safetensors/encode-f16.ts";
import { cutModel } from "./cut-model.ts";

export interface CutSessions {
  /** Name of the hook's tensor. */
  readonly hook: string;
  readonly dIn: number;
  /** Width of the predictions. */
  readonly vocabulary: number;
  readonly fixed: FixedShape;
  /** Runs n windows of token ids `[n, context]` through the whole model. */
  whole(ids: Int32Array, n: number): Promise<WholeRun>;
  /**
   * Runs the same windows from the hook on.
   * @param activations `[batch, context, d_in]`
   * @returns logits `[n, context, vocabulary]`
   * @throws UsageError if an activation is beyond the model's float16
   */
  behind(ids: Int32Array, n: number, activations: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

interface WholeRun {
  /** At the hook `[batch, context, d_in]`: all windows of the run, of which only the first n mean something. */
  readonly activations: Float32Array;
  /** `[n, context, vocabulary]` */
  readonly logits: Float32Array;
}

export interface CutOptions extends SessionOptions {
  /** A layer number, an alias from `discoverHooks`, or a tensor's name. */
  readonly hook: string | number;
}

/** Throws as `openSplicedModel`. */
export async function openCutSessions(options: CutOptions): Promise<CutSessions> {
  const { modelPath } = options;
  const bytes = await readModel(modelPath);
  const graph = parseOnnxGraph(bytes, modelPath);
  checkInputs(graph.inputs, modelPath);
  const hook = resolveHook(graph, options.hook, modelPath);
  const output = predictionsOf(graph, modelPath);
  const ort = await loadOnnxruntime();
  const exposed = graph.outputs.includes(hook) ? bytes : withOutput(bytes, hook);
  const model = await startSession(ort, exposed, options);
  try {
    const fixed = fixedShape(model);
    const runWhole = async (ids: Int32Array, n: number) => {
      const batch = fixed.batch ?? n;
      const context = ids.length / n;
      const feeds = windowFeeds(ort, model, graph.inputs, ids, [batch, context], modelPath);
      const results = await runSession(model, feeds, [hook, output], { path: modelPath, windows: n, context });
      return {
        at: windowFloats(results[hook]!, batch, context, `${modelPath}: tensor ${hook}`),
        predictions: windowFloats(results[output]!, n, context, `${modelPath}: output ${output}`),
        type: results[hook]!.type as "float32" | "float16",
      };
    };

    // Widths and types are not always written in the graph: two tokens tell them.
    const { at, predictions, type } = await runWhole(new Int32Array(fixed.context ?? 2), 1);
    const cut = cutModel(bytes, graph, { hook, hookType: type, dIn: at.d, output }, modelPath);
    const rest = await startSession(ort, cut.bytes, options);

    return {
      hook,
      dIn: at.d,
      vocabulary: predictions.d,
      fixed,
      whole: async (ids, n) => {
        const run = await runWhole(ids, n);
        return { activations: run.at.values, logits: run.predictions.values };
      },
      behind: async (ids, n, activations) => {
        const batch = fixed.batch ?? n;
        const context = ids.length / n;
        const feeds = {
          ...windowFeeds(ort, rest, cut.inputs, ids, [batch, context], modelPath),
          [hook]: floatTensor(ort, type, activations, [batch, context, at.d], `${modelPath}: tensor ${hook}`),
        };
        const results = await runSession(rest, feeds, [output], { path: modelPath, windows: n, context });
        return windowFloats(results[output]!, n, context, `${modelPath}: output ${output}`).values;
      },
      close: async () => {
        await model.release();
        await rest.release();
      },
    };
  } catch (error) {
    await model.release();
    throw error;
  }
}

/** @throws FormatError listing the outputs, where none is known to be the predictions */
function predictionsOf({ outputs }: OnnxGraph, modelPath: string): string {
  if (outputs.includes("logits")) return "logits";
  const [only, ...others] = outputs;
  if (only !== undefined && others.length === 0) return only;
  throw new FormatError(
    modelPath,
    `has the outputs ${outputs.join(", ") || "(none)"}; expected the predictions as "logits" or as the only output`,
  );
}

function floatTensor(
  ort: typeof Onnxruntime,
  type: "float32" | "float16",
  values: Float32Array,
  shape: readonly number[],
  what: string,
): Onnxruntime.Tensor {
  if (type === "float32") return new ort.Tensor("float32", values, shape);
  const halves = new Uint16Array(values.length);
  const overflow = encodeF16(values, halves);
  if (overflow !== undefined) {
    throw new UsageError(`${what} is float16, which ends at 65504; a replacement has ${values[overflow]!}`);
  }
  return new ort.Tensor("float16", halves, shape);
}
