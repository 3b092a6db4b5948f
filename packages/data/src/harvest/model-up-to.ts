/**
 * An ONNX model that ends at one of its tensors: what the tensor does not depend on is dropped, and the tensor is the one output.
 * onnxruntime computes every node of a graph, whatever is asked of it; a hook in the middle of a model needs half of them. Nodes
 * and weights that stay are carried over with every field, known here or not.
 */
import protobuf from "protobufjs/light.js";

import type { OnnxGraph } from "./onnx-graph.ts";
import { type DecodedGraph, ModelProto } from "./onnx-schema.ts";
import { upstreamOf } from "./upstream.ts";

export interface ModelUpTo {
  readonly bytes: Uint8Array;
  /** Inputs of the whole model that it still takes. */
  readonly inputs: readonly string[];
}

/** @param model the bytes that `graph` was parsed from, which has a node that makes `tensor` */
export function modelUpTo(model: Uint8Array, graph: OnnxGraph, tensor: string): ModelUpTo {
  const { nodes, reads } = upstreamOf(graph, tensor);
  const reader = protobuf.Reader.create(model);
  // What the schema does not name (a weight's data, most attributes) is kept and written as it was.
  reader.discardUnknown = false;
  const message = ModelProto.decode(reader) as unknown as { graph: Mutable<DecodedGraph> };
  const whole = message.graph;
  message.graph.node = whole.node.filter((_, i) => nodes.has(graph.nodes[i]!));
  message.graph.initializer = whole.initializer.filter(({ name }) => reads.has(name));
  message.graph.input = whole.input.filter(({ name }) => reads.has(name));
  message.graph.output = whole.output.filter(({ name }) => name === tensor);
  if (message.graph.output.length === 0) message.graph.output = [{ name: tensor }];
  message.graph.valueInfo = whole.valueInfo.filter(({ name }) => reads.has(name) && name !== tensor);
  return {
    bytes: ModelProto.encode(message).finish(),
    inputs: graph.inputs.filter((name) => reads.has(name)),
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
