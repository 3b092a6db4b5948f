/**
 * The few fields of ONNX's protobuf messages that harvesting reads, by their numbers in
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto. Everything else in a model is skipped unread.
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
      },
    },
    NodeProto: {
      fields: {
        input: { rule: "repeated", type: "string", id: 1 },
        output: { rule: "repeated", type: "string", id: 2 },
        opType: { type: "string", id: 4 },
      },
    },
    TensorProto: {
      fields: {
        dims: { rule: "repeated", type: "uint64", id: 1 },
        name: { type: "string", id: 8 },
        dataLocation: { type: "uint32", id: 14 },
      },
    },
    ValueInfoProto: { fields: { name: { type: "string", id: 1 } } },
  },
});

export const ModelProto = root.lookupType("ModelProto");

/** `TensorProto.DataLocation.EXTERNAL`: the data is in another file. */
export const EXTERNAL_DATA = 1;

/** What {@link ModelProto} decodes to (proto3: absent fields read as empty). */
export interface DecodedModel {
  readonly graph: {
    readonly node: readonly { readonly input: string[]; readonly output: string[]; readonly opType: string }[];
    readonly initializer: readonly {
      readonly name: string;
      readonly dims: readonly number[];
      readonly dataLocation: number;
    }[];
    readonly input: readonly { readonly name: string }[];
    readonly output: readonly { readonly name: string }[];
  } | null;
}
