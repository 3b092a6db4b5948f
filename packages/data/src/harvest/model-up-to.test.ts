import { readFile } from "node:fs/promises";

import { describe, expect, it } from "vitest";

import { tinyLm } from "../../test/shared-data.ts";
import { modelUpTo } from "./model-up-to.ts";
import { parseOnnxGraph } from "./onnx-graph.ts";
import { residualStream } from "./residual-stream.ts";

const model = await readFile(tinyLm("model.onnx"));
const graph = parseOnnxGraph(model, "model.onnx");
const after = (layer: number): string => residualStream(graph).find(({ alias }) => alias === `blocks.${layer}`)!.tensor;
const cutAt = (tensor: string) => {
  const { bytes, inputs } = modelUpTo(model, graph, tensor);
  return { bytes, inputs, graph: parseOnnxGraph(bytes, "cut.onnx") };
};

describe("modelUpTo", () => {
  it("keeps what comes before the tensor, and nothing of what comes after", () => {
    const { bytes, inputs, graph: cut } = cutAt(after(1));
    expect(inputs).toEqual(["input_ids"]);
    expect(cut.inputs).toEqual(["input_ids"]);
    expect(cut.outputs).toEqual([after(1)]);
    const names = cut.nodes.flatMap(({ outputs }) => outputs);
    expect(names).toContain(after(0));
    expect(names.filter((name) => /blocks\.[23]\//.test(name))).toEqual([]);
    expect(bytes.length).toBeLessThan(0.7 * model.length);
    // Weights are there whole: shapes as in the model.
    for (const [name, shape] of cut.weights) expect(graph.weights.get(name)).toEqual(shape);
  });

  it("leaves the order of nodes, and an output of the model as it was", () => {
    const [output] = graph.outputs;
    const { graph: whole } = cutAt(output!);
    expect(whole.outputs).toEqual(graph.outputs);
    const order = graph.nodes.map(({ outputs }) => outputs[0]);
    const kept = whole.nodes.map(({ outputs }) => order.indexOf(outputs[0]));
    expect(kept).toEqual(kept.toSorted((a, b) => a - b));
  });

  it("stops at a graph that is a circle", () => {
    const node = { op: "Add", inputs: ["b", "x"], outputs: ["a"] };
    const back = { op: "Add", inputs: ["a", "x"], outputs: ["b"] };
    const circle = { ...graph, nodes: [node, back], producers: new Map([["a", node] as const, ["b", back] as const]) };
    expect(modelUpTo(model, circle, "a").inputs).toEqual([]);
  });
});
