import { readFile } from "node:fs/promises";

import { UsageError } from "@qsae/runtime";
import protobuf from "protobufjs/light.js";
import { describe, expect, it } from "vitest";

import { buildOnnx, FLOAT, INT64 } from "../../test/onnx-builder.ts";
import { tinyLm } from "../../test/shared-data.ts";
import { type OnnxGraph, type OnnxNode, parseOnnxGraph } from "../harvest/onnx-graph.ts";
import { ModelProto } from "../harvest/onnx-schema.ts";
import { type Cut, cutModel } from "./cut-model.ts";
import { downstreamOf } from "./downstream.ts";

const node = (op: string, inputs: readonly string[], outputs: readonly string[]): OnnxNode => ({ op, inputs, outputs });

function graphOf(nodes: readonly OnnxNode[]): OnnxGraph {
  return {
    nodes,
    producers: new Map(nodes.flatMap((made) => made.outputs.map((name): [string, OnnxNode] => [name, made]))),
    weights: new Map(),
    inputs: ["input_ids"],
    outputs: ["logits"],
  };
}

describe("downstreamOf", () => {
  it("keeps what lies behind the hook, and beside it what does not depend on it", () => {
    const graph = graphOf([
      node("Gather", ["table", "input_ids"], ["stream"]),
      node("Mul", ["stream", "stream"], ["hook"]),
      node("Shape", ["input_ids"], ["shape"]),
      node("Add", ["hook", "mask"], ["sum"]),
      node("Reshape", ["sum", "shape"], ["logits"]),
      node("Exp", ["sum"], ["unread"]),
    ]);
    const { nodes, reads } = downstreamOf(graph, "hook", "logits", "m");
    expect([...nodes].map(({ op }) => op).sort()).toEqual(["Add", "Reshape", "Shape"]);
    expect([...reads].sort()).toEqual(["hook", "input_ids", "logits", "mask", "shape", "sum"]);
  });

  it("follows what graphs within a node read", () => {
    const branch = { ...node("If", ["condition"], ["logits"]), captures: ["hook", "other"] };
    const graph = graphOf([
      node("Gather", ["table", "input_ids"], ["hook"]),
      node("Neg", ["input_ids"], ["other"]),
      branch,
    ]);
    expect([...downstreamOf(graph, "hook", "logits", "m").nodes]).toEqual([branch, graph.nodes[1]]);
  });

  it("ends on a damaged graph that is a circle", () => {
    const graph = graphOf([node("Add", ["logits", "b"], ["a"]), node("Add", ["a", "hook"], ["logits"])]);
    expect(downstreamOf(graph, "hook", "logits", "m").nodes.size).toBe(2);
  });

  it("refuses a hook that the predictions do not depend on, and the predictions themselves", () => {
    const graph = graphOf([node("Neg", ["input_ids"], ["logits"]), node("Neg", ["logits"], ["hook"])]);
    expect(() => downstreamOf(graph, "hook", "logits", "m")).toThrow(UsageError);
    expect(() => downstreamOf(graph, "hook", "logits", "m")).toThrow(/do not depend on hook "hook"/);
    expect(() => downstreamOf(graph, "logits", "logits", "m")).toThrow(/is the model's predictions/);
  });
});

describe("cutModel", () => {
  const cut: Cut = { hook: "hook", hookType: "float32", dIn: 3, output: "logits" };

  it("leaves nothing of the layers before the hook of a real model, and every byte of the weights behind", async () => {
    const bytes = new Uint8Array(await readFile(tinyLm("model.onnx")));
    const whole = parseOnnxGraph(bytes, "m");
    const hook = "/blocks.1/Add_3_output_0";
    const { bytes: rest, inputs } = cutModel(bytes, whole, { ...cut, hook, dIn: 128 }, "m");
    // The causal mask takes its size from the ids.
    expect(inputs).toEqual(["input_ids"]);
    const graph = parseOnnxGraph(rest, "m");
    expect(graph.inputs).toEqual(["input_ids", hook]);
    expect(graph.outputs).toEqual(["logits"]);
    const scopes = new Set(graph.nodes.flatMap(({ outputs }) => /blocks\.\d/.exec(outputs[0]!)?.[0] ?? []));
    expect([...scopes].sort()).toEqual(["blocks.2", "blocks.3"]);
    expect(rest.length).toBeLessThan(bytes.length * 0.7);
    const data = rawWeights(bytes);
    const kept = rawWeights(rest);
    expect(kept.size).toBe(graph.weights.size);
    for (const [name, raw] of kept) expect(raw, name).toEqual(data.get(name));
  });

  it("keeps a node that makes other things beside the hook", () => {
    const bytes = buildOnnx({
      nodes: [
        { op: "Split", inputs: ["stream"], output: "hook" },
        { op: "Add", inputs: ["hook", "hook/other"], output: "logits" },
      ],
      inputs: [{ name: "input_ids", type: INT64, shape: ["b", "t"] }],
      outputs: [{ name: "logits", type: FLOAT, shape: ["b", "t", 3] }],
    });
    const split = node("Split", ["input_ids"], ["hook", "hook/other"]);
    const { graph: decoded } = ModelProto.decode(bytes) as unknown as { graph: { node: { output: string[] }[] } };
    decoded.node[0]!.output.push("hook/other");
    const two = ModelProto.encode({ graph: decoded }).finish();
    const graph = parseOnnxGraph(two, "m");
    expect(graph.nodes[0]).toEqual({ ...split, inputs: ["stream"] });
    const rest = parseOnnxGraph(cutModel(two, graph, cut, "m").bytes, "m");
    expect(rest.nodes[0]!.outputs).toEqual(["hook/before_splice", "hook/other"]);
    expect(rest.nodes[1]!.inputs).toEqual(["hook", "hook/other"]);
    expect(rest.inputs).toEqual(["hook"]);
  });
});

/** `TensorProto.raw_data` (field 9) by name, as bytes. */
function rawWeights(model: Uint8Array): ReadonlyMap<string, string> {
  const { nested } = protobuf.Root.fromJSON({
    nested: {
      Model: { fields: { graph: { type: "Graph", id: 7 } } },
      Graph: { fields: { initializer: { rule: "repeated", type: "Weight", id: 5 } } },
      Weight: { fields: { name: { type: "string", id: 8 }, rawData: { type: "bytes", id: 9 } } },
    },
  });
  const { graph } = (nested!["Model"] as protobuf.Type).decode(model) as unknown as {
    graph: { initializer: { name: string; rawData: Uint8Array }[] };
  };
  return new Map(graph.initializer.map(({ name, rawData }) => [name, Buffer.from(rawData).toString("base64")]));
}
