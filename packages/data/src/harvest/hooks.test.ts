import { readFile } from "node:fs/promises";

import { FormatError, UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { embeddingModel } from "../../test/onnx-builder.ts";
import { sharedData, tinyLm } from "../../test/shared-data.ts";
import { discoverHooks } from "./hooks.ts";
import { parseOnnxGraph } from "./onnx-graph.ts";
import { resolveHook } from "./resolve-hook.ts";

const s260k = sharedData("s260k", "s260k.onnx");

describe("discoverHooks", () => {
  it("finds the residual stream after each block of the shipped model", async () => {
    const hooks = await discoverHooks(tinyLm("model.onnx"));
    expect(hooks.filter((hook) => hook.alias !== undefined)).toEqual(
      [0, 1, 2, 3].map((layer) => ({ tensor: `/blocks.${layer}/Add_3_output_0`, layer, alias: `blocks.${layer}` })),
    );
  });

  it.skipIf(s260k === undefined)("finds it in a model of the Llama family", async () => {
    const hooks = await discoverHooks(s260k!);
    expect(hooks.flatMap(({ alias, tensor }) => (alias === undefined ? [] : [tensor]))).toEqual(
      [0, 1, 2, 3, 4].map((layer) => `/blocks.${layer}/Add_6_output_0`),
    );
  });

  it("names a file that is missing or no model", async () => {
    await expect(discoverHooks("absent.onnx")).rejects.toThrow(
      /absent\.onnx: no such file; expected an ONNX language model/,
    );
    await expect(discoverHooks(tinyLm("README.md"))).rejects.toThrow(FormatError);
  });
});

describe("resolveHook", async () => {
  const graph = parseOnnxGraph(await readFile(tinyLm("model.onnx")), "tiny");
  const resolve = (hook: string | number): string => resolveHook(graph, hook, "tiny");

  it("takes a layer number, an alias or a tensor's name", () => {
    expect(resolve(2)).toBe("/blocks.2/Add_3_output_0");
    expect(resolve("blocks.2")).toBe("/blocks.2/Add_3_output_0");
    expect(resolve("/blocks.0/fc/MatMul_output_0")).toBe("/blocks.0/fc/MatMul_output_0");
    expect(resolve("logits")).toBe("logits");
  });

  it("lists what comes nearest to an unknown name", () => {
    expect(() => resolve("/blocks.1/Add_4_output_0")).toThrow(UsageError);
    expect(() => resolve("/blocks.1/Add_4_output_0")).toThrow(
      /no tensor "\/blocks\.1\/Add_4_output_0"; nearest: .*\/blocks\.1\/Add_3_output_0.*residual stream: blocks\.0, blocks\.1, blocks\.2, blocks\.3/,
    );
    expect(() => resolve("block.1")).toThrow(/nearest: blocks\.1, /);
  });

  it("lists the layers there are", () => {
    expect(() => resolve(4)).toThrow(/tiny: no layer 4; layers whose output is known: 0, 1, 2, 3/);
    expect(() => resolve(1.5)).toThrow(UsageError);
  });

  it("says so where names tell no layers", () => {
    const nameless = parseOnnxGraph(
      embeddingModel(new Float32Array(4), 2, {
        nodes: [{ op: "Gather", inputs: ["table", "input_ids"], output: "logits" }],
      }),
      "nameless",
    );
    expect(() => resolveHook(nameless, 0, "nameless")).toThrow(/tensor names tell no layers, so give a tensor's name/);
    expect(() => resolveHook(nameless, "logit", "nameless")).toThrow(/nearest: logits$/);
  });
});
