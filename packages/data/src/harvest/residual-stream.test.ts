import { describe, expect, it } from "vitest";

import type { OnnxGraph, OnnxNode } from "./onnx-graph.ts";
import { residualStream, throughCasts } from "./residual-stream.ts";

/** `"out = Op(a, b)"` lines to a graph. */
function graphOf(...lines: readonly string[]): OnnxGraph {
  const nodes = lines.map((line): OnnxNode => {
    const [, output, op, inputs] = /^(\S+) = (\w+)\((.*)\)$/.exec(line)!;
    return { op: op!, inputs: inputs!.split(", "), outputs: [output!] };
  });
  const producers = new Map(nodes.map((node) => [node.outputs[0]!, node]));
  return { nodes, producers, weights: new Map(), inputs: ["input_ids"], outputs: [] };
}

describe("residualStream", () => {
  it("follows the chain of additions and tells the layers by the names of their modules", () => {
    const graph = graphOf(
      "/Add_output_0 = Add(tokens, positions)",
      "/h.0/attn/Add_output_0 = Add(bias, /h.0/attn/MatMul)",
      "/h.0/Add_output_0 = Add(/h.0/attn/Add_output_0, /Add_output_0)",
      "/h.0/mlp/Add_output_0 = Add(bias, /h.0/mlp/MatMul)",
      "/h.0/Add_1_output_0 = Add(/h.0/Add_output_0, /h.0/mlp/Add_output_0)",
      "/h.1/Add_output_0 = Add(/h.1/attn/MatMul, /h.0/Add_1_output_0)",
    );
    expect(residualStream(graph)).toEqual([
      { tensor: "/Add_output_0" },
      { tensor: "/h.0/Add_output_0", layer: 0 },
      { tensor: "/h.0/Add_1_output_0", layer: 0, alias: "h.0" },
      { tensor: "/h.1/Add_output_0", layer: 1, alias: "h.1" },
    ]);
  });

  it("takes the sum of parallel attention and MLP for what it is: a branch", () => {
    const graph = graphOf(
      "/layers.0/Add_output_0 = Add(attn0, mlp0)",
      "/layers.0/Add_1_output_0 = Add(/layers.0/Add_output_0, embeddings)",
      "/layers.1/Add_output_0 = Add(attn1, mlp1)",
      "/layers.1/Add_1_output_0 = Add(/layers.1/Add_output_0, /layers.0/Add_1_output_0)",
    );
    expect(residualStream(graph).flatMap(({ alias, tensor }) => (alias ? [[alias, tensor]] : []))).toEqual([
      ["layers.0", "/layers.0/Add_1_output_0"],
      ["layers.1", "/layers.1/Add_1_output_0"],
    ]);
  });

  it("looks through casts of half-precision models", () => {
    const graph = graphOf(
      "/layers.0/Add_output_0 = Add(x, y)",
      "wide = Cast(/layers.0/Add_output_0)",
      "same = Identity(wide)",
      "/layers.1/Add_output_0 = Add(same, z)",
    );
    expect(residualStream(graph).map(({ layer }) => layer)).toEqual([0, 1]);
  });

  it("tells no layer where names tell none, and nothing where nothing is added up", () => {
    expect(residualStream(graphOf("a = Add(x, y)", "b = Add(a, z)"))).toEqual([{ tensor: "a" }, { tensor: "b" }]);
    expect(residualStream(graphOf("a = Add(x, y)", "b = Mul(a, z)"))).toEqual([]);
  });

  it("ends on a graph in a circle", () => {
    expect(throughCasts(graphOf("a = Cast(b)", "b = Cast(a)"), "a")).toMatch(/^[ab]$/);
    expect(residualStream(graphOf("a = Add(b, x)", "b = Add(a, x)"))).toEqual([{ tensor: "a" }, { tensor: "b" }]);
  });

  it("takes a chain of 20,000 additions in its stride", () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `s${i + 1} = Add(s${i}, x${i})`);
    expect(residualStream(graphOf(...lines))).toHaveLength(20_000);
  });
});
