/**
 * The few fields of ONNX's protobuf messages that are read and written here, by their numbers in
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Everything else in a model is passed over unread.
 */
import protobuf from "protobufjs/light.js";

const root = protobuf.Root.fromJSON({
  nested: {
    ModelProto: { fields: { graph: { type: "GraphProto", id: 7 } } },
    GraphProto: {
      fields: {
        node: { rule: "repeated", type: "NodeProto", id: 1 },
        initializer: { rule: "repeated", type: "TensorProto", id: 5 },
        input: { rule: "repeated", type: "ValueInfoProto", id: 11 },
        output: { rule: "repeated", type: "ValueInfoProto", id: 12 },
        valueInfo: { rule: "repeated", type: "ValueInfoProto", id: 13 },
      },
    },
    NodeProto: {
      fields: {
        input: { rule: "repeated", type: "string", id: 1 },
        output: { rule: "repeated", type: "string", id: 2 },
        opType: { type: "string", id: 4 },
        attribute: { rule: "repeated", type: "AttributeProto", id: 5 },
      },
    },
    AttributeProto: {
      fields: {
        g: { type: "GraphProto", id: 6 },
        graphs: { rule: "repeated", type: "GraphProto", id: 11 },
      },
    },
    TensorProto: {
      fields: {
        dims: { rule: "repeated", type: "uint64", id: 1 },
        name: { type: "string", id: 8 },
        dataLocation: { type: "uint32", id: 14 },
      },
    },
    ValueInfoProto: { fields: { name: { type: "string", id: 1 }, type: { type: "TypeProto", id: 2 } } },
    TypeProto: { fields: { tensorType: { type: "TensorTypeProto", id: 1 } } },
    TensorTypeProto: {
      fields: { elemType: { type: "int32", id: 1 }, shape: { type: "TensorShapeProto", id: 2 } },
    },
    TensorShapeProto: { fields: { dim: { rule: "repeated", type: "DimensionProto", id: 1 } } },
    DimensionProto: { fields: { dimValue: { type: "int64", id: 1 }, dimParam: { type: "string", id: 2 } } },
  },
});

export const ModelProto = root.lookupType("ModelProto");

/** `TensorProto.DataLocation.EXTERNAL`: the data is in another file. */
export const EXTERNAL_DATA = 1;

/** Numbers of `TensorProto.DataType` that activations may have. */
export const ELEMENT_TYPES = { float32: 1, float16: 10 } as const;

/** What {@link ModelProto} decodes to (proto3: absent fields read as empty). */
export interface DecodedModel {
  readonly graph: DecodedGraph | null;
}

export interface DecodedGraph {
  readonly node: readonly DecodedNode[];
  readonly initializer: readonly {
    readonly name: string;
    readonly dims: readonly number[];
    readonly dataLocation: number;
  }[];
  readonly input: readonly { readonly name: string }[];
  readonly output: readonly { readonly name: string }[];
  readonly valueInfo: readonly { readonly name: string }[];
}

export interface DecodedNode {
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly opType: string;
  readonly attribute: readonly { readonly g?: DecodedGraph | null; readonly graphs: readonly DecodedGraph[] }[];
}
