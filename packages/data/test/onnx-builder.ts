/** Builds small ONNX models, for cases that no real model shows. Field numbers as in onnx.proto. */
import protobuf from "protobufjs/light.js";

const root = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: { type: "int64", id: 1 },
        graph: { type: "Graph", id: 7 },
        opsetImport: { rule: "repeated", type: "Opset", id: 8 },
      },
    },
    Opset: { fields: { domain: { type: "string", id: 1 }, version: { type: "int64", id: 2 } } },
    Graph: {
      fields: {
        node: { rule: "repeated", type: "Node", id: 1 },
        name: { type: "string", id: 2 },
        initializer: { rule: "repeated", type: "Weight", id: 5 },
        input: { rule: "repeated", type: "Value", id: 11 },
        output: { rule: "repeated", type: "Value", id: 12 },
      },
    },
    Node: {
      fields: {
        input: { rule: "repeated", type: "string", id: 1 },
        output: { rule: "repeated", type: "string", id: 2 },
        opType: { type: "string", id: 4 },
        attribute: { rule: "repeated", type: "Attribute", id: 5 },
      },
    },
    Attribute: {
      fields: { name: { type: "string", id: 1 }, i: { type: "int64", id: 3 }, type: { type: "int32", id: 20 } },
    },
    Weight: {
      fields: {
        dims: { rule: "repeated", type: "int64", id: 1 },
        dataType: { type: "int32", id: 2 },
        name: { type: "string", id: 8 },
        rawData: { type: "bytes", id: 9 },
        dataLocation: { type: "int32", id: 14 },
      },
    },
    Value: { fields: { name: { type: "string", id: 1 }, type: { type: "ValueType", id: 2 } } },
    ValueType: { fields: { tensorType: { type: "TensorType", id: 1 } } },
    TensorType: { fields: { elemType: { type: "int32", id: 1 }, shape: { type: "Shape", id: 2 } } },
    Shape: { fields: { dim: { rule: "repeated", type: "Dim", id: 1 } } },
    Dim: { fields: { dimValue: { type: "int64", id: 1 }, dimParam: { type: "string", id: 2 } } },
  },
});

/** Numbers of `TensorProto.DataType`. */
export const FLOAT = 1;
export const INT32 = 6;
export const INT64 = 7;
export const FLOAT16 = 10;

export interface BuiltNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  /** Integer attributes. */
  readonly attributes?: Readonly<Record<string, number>>;
}

export interface BuiltValue {
  readonly name: string;
  readonly type: number;
  readonly shape: readonly (string | number)[];
}

export interface BuiltWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly external?: boolean;
}

export interface BuiltModel {
  readonly nodes: readonly BuiltNode[];
  readonly inputs: readonly BuiltValue[];
  readonly outputs: readonly BuiltValue[];
  readonly weights?: readonly BuiltWeight[];
}

export function buildOnnx({ nodes, inputs, outputs, weights = [] }: BuiltModel): Uint8Array {
  const value = ({ name, type, shape }: BuiltValue): object => ({
    name,
    type: {
      tensorType: {
        elemType: type,
        shape: { dim: shape.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size })) },
      },
    },
  });
  const Model = root.lookupType("Model");
  const model = Model.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: "", version: 17 }],
    graph: {
      name: "test",
      node: nodes.map(({ op, inputs: input, output, attributes = {} }) => ({
        opType: op,
        input,
        output: [output],
        attribute: Object.entries(attributes).map(([name, i]) => ({ name, i, type: 2 })),
      })),
      initializer: weights.map(({ name, shape, data, external }) => ({
        name,
        dims: shape,
        dataType: FLOAT,
        rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
        ...(external ? { dataLocation: 1 } : {}),
      })),
      input: inputs.map(value),
      output: outputs.map(value),
    },
  });
  // A Buffer's slice() would share its memory.
  return new Uint8Array(Model.encode(model).finish());
}

/**
 * A two-layer "language model" whose stream is an embedding added to itself: after layer l, token t has the vector
 * `(l + 2) * table[t]`.
 */
export function embeddingModel(
  table: Float32Array,
  dIn: number,
  changes: Partial<BuiltModel> & { readonly idsType?: number; readonly idsShape?: readonly (string | number)[] } = {},
): Uint8Array {
  const { idsType = INT64, idsShape = ["batch", "sequence"], ...rest } = changes;
  return buildOnnx({
    nodes: [
      { op: "Gather", inputs: ["table", "input_ids"], output: "/embed/Gather_output_0", attributes: { axis: 0 } },
      {
        op: "Add",
        inputs: ["/embed/Gather_output_0", "/embed/Gather_output_0"],
        output: "/model/layers.0/Add_output_0",
      },
      {
        op: "Add",
        inputs: ["/model/layers.0/Add_output_0", "/embed/Gather_output_0"],
        output: "/model/layers.1/Add_output_0",
      },
      { op: "Identity", inputs: ["/model/layers.1/Add_output_0"], output: "logits" },
    ],
    inputs: [{ name: "input_ids", type: idsType, shape: idsShape }],
    outputs: [{ name: "logits", type: FLOAT, shape: ["batch", "sequence", dIn] }],
    weights: [{ name: "table", shape: [table.length / dIn, dIn], data: table }],
    ...rest,
  });
}
