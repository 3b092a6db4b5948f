/**
 * An ONNX model cut at a hook: the hook's tensor becomes an input, what is only needed to compute it is dropped, and the
 * predictions are the one output. Nodes and weights that stay are carried over with every field, known here or not.
 */
import protobuf from "protobufjs/light.js";

import type { OnnxGraph } from "../harvest/onnx-graph.ts";
import { type DecodedGraph, type DecodedNode, ELEMENT_TYPES, ModelProto } from "../harvest/onnx-schema.ts";
import { downstreamOf } from "./downstream.ts";

export interface CutModel {
  readonly bytes: Uint8Array;
  /** Inputs of the whole model that it still takes, beside the hook. */
  readonly inputs: readonly string[];
}

export interface Cut {
  readonly hook: string;
  readonly hookType: keyof typeof ELEMENT_TYPES;
  /** Width of the hook's activations. */
  readonly dIn: number;
  /** Name of the predictions. */
  readonly output: string;
}

/**
 * @param model the bytes that `graph` was parsed from
 * @throws UsageError if the predictions do not depend on the hook, or are the hook
 */
export function cutModel(model: Uint8Array, graph: OnnxGraph, cut: Cut, modelPath: string): CutModel {
  const { hook, output } = cut;
  const { nodes, reads } = downstreamOf(graph, hook, output, modelPath);
  const reader = protobuf.Reader.create(model);
  // What the schema does not name (a weight's data, most attributes) is kept and written as it was.
  reader.discardUnknown = false;
  const message = ModelProto.decode(reader) as unknown as { graph: Mutable<DecodedGraph> };
  const whole = message.graph;
  message.graph.node = whole.node.filter((_, i) => nodes.has(graph.nodes[i]!)).map((node) => renamed(node, hook));
  message.graph.initializer = whole.initializer.filter(({ name }) => reads.has(name) && name !== hook);
  message.graph.input = [
    ...whole.input.filter(({ name }) => reads.has(name) && name !== hook),
    { name: hook, ...activationsType(cut) },
  ];
  message.graph.output = whole.output.filter(({ name }) => name === output);
  // Shapes that an exporter noted; the hook's stand with the inputs now.
  message.graph.valueInfo = whole.valueInfo.filter(({ name }) => reads.has(name) && name !== hook && name !== output);
  return {
    bytes: ModelProto.encode(message).finish(),
    inputs: graph.inputs.filter((name) => reads.has(name)),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A node that makes the hook among other things (Split) still does, under a name that nobody reads. */
function renamed(node: DecodedNode, hook: string): DecodedNode {
  if (!node.output.includes(hook)) return node;
  return Object.assign(node, { output: node.output.map((name) => (name === hook ? `${hook}/before_splice` : name)) });
}

function activationsType({ hookType, dIn }: Cut): object {
  const dim = [{ dimParam: "batch" }, { dimParam: "sequence" }, { dimValue: dIn }];
  return { type: { tensorType: { elemType: ELEMENT_TYPES[hookType], shape: { dim } } } };
}
