/** An ONNX language model in onnxruntime, opened to hand out one internal tensor. */
import { availableParallelism } from "node:os";

import { decodeFloats, FormatError, QsaeError, UsageError } from "@qsae/runtime";
import type * as Onnxruntime from "onnxruntime-node";

import { parseOnnxGraph, withOutput } from "./onnx-graph.ts";
import { resolveHook } from "./hooks.ts";
import { readModel } from "./read-model.ts";
import { vocabularySize } from "./vocabulary.ts";

export interface HookedModelOptions {
  readonly modelPath: string;
  /** A layer number, an alias from `discoverHooks`, or a tensor's name. */
  readonly hook: string | number;
  /** Threads inside one operation. Default: the cores of the machine. */
  readonly threads?: number;
}

export interface HookedModel {
  /** Name of the tensor that `hook` means. */
  readonly tensor: string;
  /** Token ids are below this; undefined where the model's graph does not tell. */
  readonly vocabulary: number | undefined;
  /** Numbers of windows per run and of tokens per window that are built into the model; undefined where they are free. */
  readonly fixed: { readonly batch: number | undefined; readonly context: number | undefined };
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

/** Name that exporters of language models agree on. */
const IDS = "input_ids";

/** What a model may ask for beside the ids, and its value at (window, position): every token is seen, counted from 0. */
const OTHER_INPUTS: Readonly<Record<string, (position: number) => number>> = {
  attention_mask: () => 1,
  position_ids: (position) => position,
};

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

  const types = new Map(session.inputMetadata.map((input) => [input.name, input.isTensor ? input.type : "no tensor"]));
  const idsShape = session.inputMetadata.flatMap((input) => (input.name === IDS && input.isTensor ? input.shape : []));
  const [batch, context] = idsShape.map((size) => (typeof size === "number" ? size : undefined));

  return {
    tensor,
    vocabulary: vocabularySize(graph, IDS),
    fixed: { batch, context },
    run: async (ids, n) => {
      const shape = [batch ?? n, ids.length / n];
      const feeds: Record<string, Onnxruntime.Tensor> = {};
      for (const name of graph.inputs) {
        const other = OTHER_INPUTS[name];
        // Windows beyond n, which only a fixed batch has, stay token 0.
        const value = other === undefined ? (i: number) => ids[i] ?? 0 : (i: number) => other(i % shape[1]!);
        feeds[name] = integerTensor(ort, types.get(name), shape, value, `${modelPath}: input ${name}`);
      }
      const results = await session.run(feeds, [tensor], { logSeverityLevel: 4 }).catch((error: unknown) => {
        throw new FormatError(
          modelPath,
          `does not run on ${n} windows of ${shape[1]} tokens (is contextLength beyond its positions?): ${oneLine(error)}`,
        );
      });
      return floatsOf(results[tensor]!, n, shape, `${modelPath}: tensor ${tensor}`);
    },
    close: () => session.release(),
  };
}

function checkInputs(inputs: readonly string[], path: string): void {
  const others = inputs.filter((name) => name !== IDS && !Object.hasOwn(OTHER_INPUTS, name));
  if (!inputs.includes(IDS) || others.length > 0) {
    throw new FormatError(
      path,
      `takes the inputs ${inputs.join(", ") || "(none)"}; expected ${IDS}, and beside it at most ` +
        `${Object.keys(OTHER_INPUTS).join(", ")} (a language model exported without a key-value cache)`,
    );
  }
}

/** Loaded when first needed: its native library takes time, and reading activations does without. */
async function loadOnnxruntime(): Promise<typeof Onnxruntime> {
  try {
    return await import("onnxruntime-node");
  } catch (error) {
    throw new QsaeError(
      `onnxruntime-node does not load on this machine (${process.platform} ${process.arch}): ${oneLine(error)}; ` +
        "harvest on one that it supports, see https://onnxruntime.ai/docs/get-started/with-javascript/node.html",
      { cause: error },
    );
  }
}

async function startSession(
  ort: typeof Onnxruntime,
  model: Uint8Array,
  { modelPath, threads = availableParallelism() }: HookedModelOptions,
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

function integerTensor(
  ort: typeof Onnxruntime,
  type: string | undefined,
  shape: readonly number[],
  value: (index: number) => number,
  what: string,
): Onnxruntime.Tensor {
  const indices = { length: shape.reduce((product, size) => product * size, 1) };
  switch (type) {
    case "int64":
      return new ort.Tensor(
        "int64",
        BigInt64Array.from(indices, (_, i) => BigInt(value(i))),
        shape,
      );
    case "int32":
      return new ort.Tensor(
        "int32",
        Int32Array.from(indices, (_, i) => value(i)),
        shape,
      );
    default:
      throw new FormatError(what, `is of type ${type ?? "unknown"}; expected int64 or int32`);
  }
}

function floatsOf(
  result: Onnxruntime.Tensor,
  n: number,
  [, context]: readonly number[],
  what: string,
): WindowActivations {
  const dIn = result.dims[2];
  if (result.dims.length !== 3 || result.dims[0]! < n || result.dims[1] !== context || dIn === undefined || dIn === 0) {
    throw new UsageError(
      `${what} has shape [${result.dims.join(", ")}]; expected [batch, tokens, d]; choose a tensor of the residual stream`,
    );
  }
  const { buffer, byteOffset, byteLength } = result.data as Float32Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  const values = (): Float32Array => {
    switch (result.type) {
      case "float32":
        return result.data as Float32Array;
      case "float16":
        return decodeFloats(bytes, "F16");
      default:
        throw new UsageError(`${what} is ${result.type}; expected float32 or float16`);
    }
  };
  return { values: values().subarray(0, n * context! * dIn), dIn };
}

function oneLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, " ").trim();
}
