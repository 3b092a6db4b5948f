import { readFile } from "node:fs/promises";

import { FormatError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { embeddingModel } from "../../test/onnx-builder.ts";
import { tinyLm } from "../../test/shared-data.ts";
import { parseOnnxGraph, withOutput } from "./onnx-graph.ts";
import { ModelProto } from "./onnx-schema.ts";
import { vocabularySize } from "./vocabulary.ts";

const table = Float32Array.from({ length: 12 }, (_, i) => i);
const small = embeddingModel(table, 3);

describe("parseOnnxGraph", () => {
  it("reads nodes, weights, inputs and outputs", () => {
    const graph = parseOnnxGraph(small, "m.onnx");
    expect(graph.nodes[0]).toEqual({
      op: "Gather",
      inputs: ["table", "input_ids"],
      outputs: ["/embed/Gather_output_0"],
    });
    expect(graph.weights).toEqual(new Map([["table", [4, 3]]]));
    expect(graph.inputs).toEqual(["input_ids"]);
    expect(graph.outputs).toEqual(["logits"]);
    expect(graph.producers.get("logits")?.op).toBe("Identity");
  });

  it("does not count weights among the inputs, which older exporters list there", () => {
    const listed = embeddingModel(table, 3, {
      inputs: [
        { name: "input_ids", type: 7, shape: ["b", "t"] },
        { name: "table", type: 1, shape: [4, 3] },
      ],
    });
    expect(parseOnnxGraph(listed, "m.onnx").inputs).toEqual(["input_ids"]);
  });

  it("names what branches and loop bodies read from the graph around them, at any depth", () => {
    const inner = { node: [{ opType: "Add", input: ["far", "own"], output: ["z"] }], output: [{ name: "z" }] };
    const branch = {
      initializer: [{ name: "weight" }],
      node: [
        { opType: "Neg", input: ["hook"], output: ["own"] },
        { opType: "If", input: ["weight"], output: ["y"], attribute: [{ graphs: [inner] }] },
      ],
      output: [{ name: "y" }, { name: "straight" }],
    };
    const node = [{ opType: "If", input: ["condition"], output: ["logits"], attribute: [{ g: branch }, {}] }];
    const [parsed] = parseOnnxGraph(ModelProto.encode(ModelProto.fromObject({ graph: { node } })).finish(), "m").nodes;
    expect(parsed).toMatchObject({ op: "If", inputs: ["condition"] });
    expect([...parsed!.captures!].sort()).toEqual(["far", "hook", "straight"]);
  });

  it("refuses what is no model, and weights in other files", () => {
    expect(() => parseOnnxGraph(new TextEncoder().encode("<html>"), "m.onnx")).toThrow(/m\.onnx: not an ONNX model: /);
    expect(() => parseOnnxGraph(new Uint8Array(0), "m.onnx")).toThrow(/no graph with nodes/);
    const external = embeddingModel(table, 3, {
      weights: [{ name: "table", shape: [4, 3], data: new Float32Array(0), external: true }],
    });
    expect(() => parseOnnxGraph(external, "m.onnx")).toThrow(
      /weight table is kept in another file; expected a model in one file/,
    );
  });

  it("only ever throws typed errors, at every length and with flipped bytes", () => {
    const outcome = (bytes: Uint8Array): unknown => {
      try {
        return parseOnnxGraph(bytes, "m.onnx");
      } catch (error) {
        return error;
      }
    };
    for (let length = 0; length < small.length; length++) {
      const result = outcome(small.subarray(0, length));
      if (result instanceof Error) expect(result).toBeInstanceOf(FormatError);
    }
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(small.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const damaged = small.slice();
          for (const [at, byte] of changes) damaged[at] = byte;
          const result = outcome(damaged);
          if (result instanceof Error) expect(result).toBeInstanceOf(FormatError);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("withOutput", () => {
  it("adds an output and changes no byte of the model", async () => {
    const model = await readFile(tinyLm("model.onnx"));
    const exposed = withOutput(model, "/blocks.1/Add_3_output_0");
    expect(Buffer.compare(exposed.subarray(0, model.length), model)).toBe(0);
    const before = parseOnnxGraph(model, "m.onnx");
    const after = parseOnnxGraph(exposed, "m.onnx");
    expect(after.outputs).toEqual([...before.outputs, "/blocks.1/Add_3_output_0"]);
    expect(after.nodes).toEqual(before.nodes);
    expect(after.weights).toEqual(before.weights);
  });
});

describe("vocabularySize", () => {
  it("is the number of rows of the embedding, through casts of the weight and of the ids", async () => {
    expect(vocabularySize(parseOnnxGraph(small, "m.onnx"), "input_ids")).toBe(4);
    // The shipped model stores its embedding as float16 and casts it.
    expect(vocabularySize(parseOnnxGraph(await readFile(tinyLm("model.onnx")), "m.onnx"), "input_ids")).toBe(1024);
  });

  it("is undefined where no weight is looked up by the ids", () => {
    expect(vocabularySize(parseOnnxGraph(small, "m.onnx"), "other")).toBeUndefined();
  });
});
