/** The graph of an ONNX model, as far as finding and exposing an internal tensor needs it. */
import { FormatError } from "@qsae/runtime";
import protobuf from "protobufjs/light.js";

import { type DecodedModel, type DecodedNode, EXTERNAL_DATA, ModelProto } from "./onnx-schema.ts";

export interface OnnxGraph {
  /** In topological order, as ONNX demands. */
  readonly nodes: readonly OnnxNode[];
  /** Node by the name of a tensor it makes. */
  readonly producers: ReadonlyMap<string, OnnxNode>;
  /** Shapes of the stored weights by name. */
  readonly weights: ReadonlyMap<string, readonly number[]>;
  /** What has to be fed: graph inputs that are not weights. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** What graphs within the node (branches, loop bodies) read from the graph around it; absent where it has none. */
  readonly captures?: readonly string[];
}

/**
 * @param path what errors call the model
 * @throws FormatError if the bytes are no ONNX model, or one that keeps weights in other files
 */
export function parseOnnxGraph(bytes: Uint8Array, path: string): OnnxGraph {
  const { graph } = decode(bytes, path);
  if (graph === null || graph.node.length === 0) {
    throw new FormatError(path, "no graph with nodes in it; expected an ONNX language model");
  }
  const external = graph.initializer.find((weight) => weight.dataLocation === EXTERNAL_DATA);
  if (external !== undefined) {
    throw new FormatError(
      path,
      `weight ${external.name} is kept in another file; expected a model in one file; save it with onnx.save_model(model, path)`,
    );
  }
  const nodes = graph.node.map(({ opType, input, output, attribute }): OnnxNode => {
    const captures = [...captured(attribute)];
    return { op: opType, inputs: input, outputs: output, ...(captures.length > 0 && { captures }) };
  });
  const weights = new Map(graph.initializer.map(({ name, dims }) => [name, dims]));
  return {
    nodes,
    producers: new Map(nodes.flatMap((node) => node.outputs.map((name): [string, OnnxNode] => [name, node]))),
    weights,
    inputs: graph.input.map(({ name }) => name).filter((name) => !weights.has(name)),
    outputs: graph.output.map(({ name }) => name),
  };
}

/** Names that graphs within a node read and do not make themselves. */
function captured(attributes: DecodedNode["attribute"]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const graph of attributes.flatMap(({ g, graphs }) => [...(g ? [g] : []), ...graphs])) {
    const own = new Set([
      ...graph.input.map(({ name }) => name),
      ...graph.initializer.map(({ name }) => name),
      ...graph.node.flatMap(({ output }) => output),
    ]);
    const read = [
      ...graph.node.flatMap(({ input, attribute }) => [...input, ...captured(attribute)]),
      ...graph.output.map(({ name }) => name),
    ];
    for (const name of read) if (!own.has(name)) names.add(name);
  }
  return names;
}

function decode(bytes: Uint8Array, path: string): DecodedModel {
  try {
    const message = ModelProto.decode(protobuf.Reader.create(bytes));
    return ModelProto.toObject(message, { longs: Number, defaults: true, arrays: true }) as DecodedModel;
  } catch (error) {
    throw new FormatError(path, `not an ONNX model: ${(error as Error).message}`);
  }
}

/**
 * The model with one more output. By the rules of protobuf, messages that follow one another merge: embedded messages are
 * merged and repeated fields appended (https://protobuf.dev/programming-guides/encoding/#last-one-wins), so a fragment at
 * the end is enough and the model's own bytes stay as they are.
 */
export function withOutput(model: Uint8Array, tensor: string): Uint8Array {
  const fragment = ModelProto.encode({ graph: { output: [{ name: tensor }] } }).finish();
  const bytes = new Uint8Array(model.length + fragment.length);
  bytes.set(model);
  bytes.set(fragment, model.length);
  return bytes;
}
