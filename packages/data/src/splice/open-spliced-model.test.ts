import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Splice, SplicedModel, TokenWindows } from "@qsae/core";
import { decodeSafetensors, FormatError, NonFiniteError, UsageError } from "@qsae/runtime";
import { describe, expect, it, onTestFinished } from "vitest";

import { type BuiltModel, embeddingModel, FLOAT, FLOAT16, INT64 } from "../../test/onnx-builder.ts";
import { sharedData, tinyLm } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { openHookedModel } from "../harvest/hooked-model.ts";
import { openSplicedModel, type SplicedModelOptions } from "./open-spliced-model.ts";

async function opened(options: SplicedModelOptions): Promise<SplicedModel> {
  const model = await openSplicedModel({ threads: 2, ...options });
  onTestFinished(() => model.close());
  return model;
}

async function openedBytes(bytes: Uint8Array, options: Omit<SplicedModelOptions, "modelPath">): Promise<SplicedModel> {
  const modelPath = join(await temporaryFolder(), "m.onnx");
  await writeFile(modelPath, bytes);
  return opened({ modelPath, ...options });
}

const windowsOf = (...windows: readonly (readonly number[])[]): TokenWindows => ({
  ids: Int32Array.from(windows.flat()),
  count: windows.length,
  context: windows[0]!.length,
});

const identity: Splice = (x) => x;
const zero: Splice = (x) => new Float32Array(x.length);

/** Token ids whose logits PyTorch computed, beside an ONNX export of the same model. */
const models = [
  { name: "tiny-lm", onnx: tinyLm("model.onnx"), check: tinyLm("onnx-check.safetensors") },
  { name: "gpt", onnx: sharedData("gpt", "gpt.onnx"), check: sharedData("gpt", "gpt_onnx_check.safetensors") },
  {
    name: "s260k",
    onnx: sharedData("s260k", "s260k.onnx"),
    check: sharedData("s260k", "s260k_onnx_check.safetensors"),
  },
];

describe.each(models)("$name", ({ onnx, check }) => {
  const absent = onnx === undefined || check === undefined;

  it.skipIf(absent).each([0, 1, 3])("an identity splice after layer %d changes the loss by < 1e-5", async (hook) => {
    const model = await opened({ modelPath: onnx!, hook });
    const { windows } = await checkedWindows(check!);
    const { tokens, clean, spliced } = await model.crossEntropy(windows, { identity, zero });
    expect(tokens).toBe(windows.count * (windows.context - 1));
    expect(Math.abs(spliced.identity.crossEntropy - clean)).toBeLessThan(1e-5);
    expect(spliced.identity.kl).toBeLessThan(1e-5);
    expect(spliced.zero.kl).toBeGreaterThan(0.1);
  });

  it.skipIf(absent)("has the clean loss of the whole model's logits, in onnxruntime and in PyTorch", async () => {
    const { windows, logits: pyTorch } = await checkedWindows(check!);
    const { clean } = await (await opened({ modelPath: onnx!, hook: 1, batchSize: 1 })).crossEntropy(windows, {});
    const whole = await openHookedModel({ modelPath: onnx!, hook: "logits", threads: 2 });
    onTestFinished(() => whole.close());
    const run = await whole.run(windows.ids, windows.count);
    expect(clean).toBeCloseTo(plainCrossEntropy(run.values, windows), 6);
    if (pyTorch !== undefined) expect(clean).toBeCloseTo(plainCrossEntropy(pyTorch, windows), 5);
  });
});

async function checkedWindows(path: string): Promise<{ windows: TokenWindows; logits: ArrayLike<number> | undefined }> {
  const { tensors } = decodeSafetensors(new Uint8Array(await readFile(path)), path);
  const { data, shape } = tensors["input_ids"]!;
  const windows = { ids: Int32Array.from(data), count: shape[0]!, context: shape[1]! };
  return { windows, logits: tensors["logits"]?.data };
}

/** Softmax and logarithm as they are defined, for logits `[count, context, vocabulary]` of a harmless size. */
function plainCrossEntropy(logits: ArrayLike<number>, { ids, count, context }: TokenWindows): number {
  const vocabulary = logits.length / ids.length;
  let sum = 0;
  for (let at = 0; at < ids.length; at++) {
    if (at % context === context - 1) continue;
    const row = Array.from({ length: vocabulary }, (_, v) => Math.exp(logits[at * vocabulary + v]!));
    sum -= Math.log(row[ids[at + 1]!]! / row.reduce((a, b) => a + b, 0));
  }
  return sum / (count * (context - 1));
}

describe("the spliced model", () => {
  // Logits of token t after layer l: (l + 2) * table[t].
  const table = Float32Array.of(0, 0, 0, 1, 0, 2, 0, 3, 1); // [3, 3]
  const small = (changes: Partial<BuiltModel> & { readonly idsShape?: readonly number[] } = {}): Uint8Array =>
    embeddingModel(table, 3, changes);

  it("gives splices the activations of every position but the first, and keeps that one clean", async () => {
    const seen: number[][] = [];
    const model = await openedBytes(small(), { hook: 0, batchSize: 1 });
    expect(model).toMatchObject({ hook: "/model/layers.0/Add_output_0", dIn: 3, vocabulary: 3 });
    const windows = windowsOf([1, 0, 2], [2, 1, 1]);
    const { tokens, clean, spliced } = await model.crossEntropy(windows, {
      zero: (x, n) => {
        seen.push([n, ...x]);
        return new Float32Array(x.length);
      },
    });
    expect(seen).toEqual([
      [2, 0, 0, 0, 0, 6, 2],
      [2, 2, 0, 4, 2, 0, 4],
    ]);
    expect(tokens).toBe(4);
    // 1 -> 0 and 0 -> 2, 2 -> 1 and 1 -> 1
    const whole = [loss([3, 0, 6], 0), loss([0, 0, 0], 2), loss([0, 9, 3], 1), loss([3, 0, 6], 1)];
    expect(clean).toBeCloseTo(sum(whole) / 4, 6);
    // With layer 0 gone, layer 1 adds the embedding to nothing; first positions are as they were.
    const cut = [whole[0]!, loss([0, 0, 0], 2), whole[2]!, loss([1, 0, 2], 1)];
    expect(spliced.zero.crossEntropy).toBeCloseTo(sum(cut) / 4, 6);
    // Only the distribution of the last predicting position is another: softmax(3, 0, 6) against softmax(1, 0, 2).
    expect(spliced.zero.kl).toBeCloseTo(divergence([3, 0, 6], [1, 0, 2]) / 4, 6);
  });

  it("answers the same whatever the batch, with several splices as with one", async () => {
    const windows = windowsOf([1, 0, 2], [2, 1, 1], [0, 2, 1]);
    const half: Splice = (x) => x.map((value) => value / 2);
    const answers = await Promise.all(
      [1, 2, 3, 8].map(async (batchSize) =>
        (await openedBytes(small(), { hook: 0, batchSize })).crossEntropy(windows, { zero, half }),
      ),
    );
    for (const { clean, spliced } of answers) {
      expect(clean).toBeCloseTo(answers[0]!.clean, 6);
      expect(spliced.half.crossEntropy).toBeCloseTo(answers[0]!.spliced.half.crossEntropy, 6);
      expect(spliced.zero.kl).toBeCloseTo(answers[0]!.spliced.zero.kl, 6);
    }
  });

  it("hands out activations, and reports progress", async () => {
    const model = await openedBytes(small(), { hook: 0, batchSize: 2 });
    const progress: number[] = [];
    const parts: number[][] = [];
    const windows = windowsOf([1, 0], [2, 1], [0, 2]);
    const onProgress = ({ windows: done }: { windows: number }): unknown => progress.push(done);
    for await (const x of model.activations(windows, { onProgress })) parts.push([...x]);
    expect(parts).toEqual([
      [0, 0, 0, 2, 0, 4],
      [0, 6, 2],
    ]);
    expect(progress).toEqual([2, 3]);
  });

  it("runs models that are built for sizes of their own, the last batch filled up", async () => {
    const model = await openedBytes(small({ idsShape: [2, 3] }), { hook: 0 });
    const free = await openedBytes(small(), { hook: 0 });
    const windows = windowsOf([1, 0, 2], [2, 1, 1], [0, 2, 1]);
    const answer = await model.crossEntropy(windows, { zero });
    expect(answer.spliced.zero.kl).toBeCloseTo((await free.crossEntropy(windows, { zero })).spliced.zero.kl, 6);
    await expect(model.crossEntropy(windowsOf([1, 0]), {})).rejects.toThrow(/built for contextLength=3; given: 2/);
  });

  it("splices activations that the model keeps in float16", async () => {
    const model = await openedBytes(
      small({
        nodes: [
          { op: "Gather", inputs: ["table", "input_ids"], output: "wide" },
          { op: "Cast", inputs: ["wide"], output: "half", attributes: { to: FLOAT16 } },
          { op: "Cast", inputs: ["half"], output: "logits", attributes: { to: FLOAT } },
        ],
      }),
      { hook: "half" },
    );
    const windows = windowsOf([1, 0, 2], [2, 2, 1]);
    const { clean, spliced } = await model.crossEntropy(windows, { identity, zero });
    expect(spliced.identity).toEqual({ crossEntropy: clean, kl: 0 });
    expect(spliced.zero.kl).toBeGreaterThan(0.01);
    const large: Splice = (x) => x.map(() => 1e6);
    await expect(model.crossEntropy(windows, { large })).rejects.toThrow(/float16, which ends at 65504; .* 1000000/);
  });

  it("computes what lies beside the hook from the ids again: masks, positions, branches that skip it", async () => {
    const ids = (name: string) => ({ name, type: INT64, shape: ["b", "t"] });
    const model = await openedBytes(
      small({
        inputs: [ids("input_ids"), ids("attention_mask"), ids("position_ids")],
        nodes: [
          { op: "Gather", inputs: ["table", "input_ids"], output: "tokens" },
          { op: "Gather", inputs: ["table", "attention_mask"], output: "unused" },
          { op: "Gather", inputs: ["table", "position_ids"], output: "positions" },
          { op: "Add", inputs: ["tokens", "unused"], output: "branch" },
          { op: "Mul", inputs: ["branch", "branch"], output: "hook" },
          { op: "Add", inputs: ["hook", "positions"], output: "sum" },
          { op: "Add", inputs: ["sum", "tokens"], output: "logits" },
        ],
      }),
      { hook: "hook" },
    );
    const windows = windowsOf([1, 0, 2], [2, 2, 1]);
    const { clean, spliced } = await model.crossEntropy(windows, { identity, zero });
    expect(spliced.identity).toEqual({ crossEntropy: clean, kl: 0 });
    // First positions: (table[token] + table[1])^2 + table[0] + table[token]; second ones lack the square.
    const losses = [loss([5, 0, 18], 0), loss([1, 0, 2], 2), loss([1, 12, 10], 2), loss([1, 3, 3], 1)];
    expect(spliced.zero.crossEntropy).toBeCloseTo(sum(losses) / 4, 6);
  });

  it("refuses hooks that are not in the graph, lead nowhere, or are the predictions", async () => {
    await expect(openedBytes(small(), { hook: "layers.7" })).rejects.toThrow(UsageError);
    await expect(openedBytes(small(), { hook: "layers.7" })).rejects.toThrow(/no tensor "layers.7"; nearest: layers.0/);
    await expect(openedBytes(small(), { hook: "logits" })).rejects.toThrow(/hook "logits" is the model's predictions/);
    const nodes = [
      { op: "Gather", inputs: ["table", "input_ids"], output: "logits" },
      { op: "Add", inputs: ["logits", "logits"], output: "aside" },
    ];
    await expect(openedBytes(small({ nodes }), { hook: "aside" })).rejects.toThrow(
      /the predictions "logits" do not depend on hook "aside"/,
    );
  });

  it("refuses hooks that are not one vector per token", async () => {
    const nodes = [
      { op: "Gather", inputs: ["table", "input_ids"], output: "tokens" },
      { op: "Shape", inputs: ["tokens"], output: "shape" },
      { op: "Reshape", inputs: ["tokens", "shape"], output: "logits" },
    ];
    await expect(openedBytes(small({ nodes }), { hook: "shape" })).rejects.toThrow(/shape \[3\]; expected \[batch/);
  });

  it("refuses a model whose predictions it cannot tell from its other outputs", async () => {
    const outputs = ["a", "b"].map((name) => ({ name, type: FLOAT, shape: ["batch", "sequence", 3] }));
    const nodes = [
      { op: "Gather", inputs: ["table", "input_ids"], output: "a" },
      { op: "Add", inputs: ["a", "a"], output: "b" },
    ];
    const refused = openedBytes(small({ nodes, outputs }), { hook: "a" });
    await expect(refused).rejects.toThrow(FormatError);
    await expect(refused).rejects.toThrow(/has the outputs a, b; expected the predictions as "logits"/);
  });

  it("refuses windows that are not what they say, too short, or of another model", async () => {
    const model = await openedBytes(small(), { hook: 0 });
    const refusal = (windows: TokenWindows) => expect(model.crossEntropy(windows, { zero })).rejects;
    await refusal(windowsOf([1], [2])).toThrow(/windows of 1 tokens; at least 2 are needed/);
    await refusal({ ids: new Int32Array(0), count: 0, context: 3 }).toThrow(/0 token ids; .* at least 1 window/);
    await refusal({ ids: new Int32Array(7), count: 2, context: 3 }).toThrow(/7 token ids; expected \[2, 3\]/);
    await refusal(windowsOf([0, 1], [2, 3])).toThrow(/token id 3 in window 1 is not in the model's vocabulary of 3/);
    await refusal(windowsOf([0, -1])).toThrow(UsageError);
    for (const batchSize of [0, 1.5, NaN]) {
      await expect(openedBytes(small(), { hook: 0, batchSize })).rejects.toThrow(/batchSize=.*; expected an integer/);
    }
  });

  it("names the splice, the window and the position of a replacement that is none", async () => {
    const model = await openedBytes(small(), { hook: 0, batchSize: 1 });
    const windows = windowsOf([1, 0, 2], [2, 1, 1]);
    const refusal = (splice: Splice) => expect(model.crossEntropy(windows, { broken: splice })).rejects;
    await refusal((x) => x.subarray(1)).toThrow(/splice "broken": window 0, .*: 5 values in the place of 6/);
    let run = 0;
    await refusal((x) => (run++ === 0 ? x : x.map((value, i) => (i === 4 ? NaN : value)))).toThrow(
      /splice "broken": window 1, position 2, column 1 is NaN/,
    );
    await refusal((x) => x.map(() => Infinity)).toThrow(NonFiniteError);
    await refusal(() => {
      throw new Error("of the splice's own");
    }).toThrow("of the splice's own");
  });

  it("stops with the signal's reason", async () => {
    const model = await openedBytes(small(), { hook: 0, batchSize: 1 });
    const controller = new AbortController();
    const stopping: Splice = (x) => {
      controller.abort(new Error("enough"));
      return x;
    };
    const windows = windowsOf([1, 0, 2], [2, 1, 1]);
    await expect(model.crossEntropy(windows, { stopping }, { signal: controller.signal })).rejects.toThrow("enough");
  });
});

function loss(logits: readonly number[], token: number): number {
  return Math.log(sum(logits.map((logit) => Math.exp(logit)))) - logits[token]!;
}

function divergence(p: readonly number[], q: readonly number[]): number {
  return sum(p.map((_, v) => Math.exp(-loss(p, v)) * (loss(q, v) - loss(p, v))));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
