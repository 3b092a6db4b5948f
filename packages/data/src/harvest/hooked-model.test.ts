import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { decodeSafetensors, FormatError, UsageError } from "@qsae/runtime";
import { describe, expect, it, onTestFinished } from "vitest";

import { embeddingModel, FLOAT, FLOAT16, INT32, INT64 } from "../../test/onnx-builder.ts";
import { sharedData, tinyLm } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import type { HookedModel } from "./hook-model.ts";
import { openHookedModel } from "./hooked-model.ts";

async function opened(modelPath: string, hook: string | number): Promise<HookedModel> {
  const model = await openHookedModel({ modelPath, hook, threads: 2 });
  onTestFinished(() => model.close());
  return model;
}

async function openedBytes(bytes: Uint8Array, hook: string | number = 0): Promise<HookedModel> {
  const path = join(await temporaryFolder(), "m.onnx");
  await writeFile(path, bytes);
  return opened(path, hook);
}

/** Outputs of PyTorch in float32 beside an ONNX export of the same model. */
const models = [
  { name: "tiny-lm", onnx: tinyLm("model.onnx"), check: tinyLm("onnx-check.safetensors"), layers: 4 },
  {
    name: "gpt",
    onnx: sharedData("gpt", "gpt.onnx"),
    check: sharedData("gpt", "gpt_onnx_check.safetensors"),
    layers: 4,
  },
  {
    name: "s260k",
    onnx: sharedData("s260k", "s260k.onnx"),
    check: sharedData("s260k", "s260k_onnx_check.safetensors"),
    layers: 5,
  },
];

describe.each(models)("the residual stream of $name", ({ onnx, check, layers }) => {
  const hooks = Array.from({ length: layers }, (_, layer) => layer);

  it.skipIf(onnx === undefined || check === undefined).each(hooks)("after layer %d is PyTorch's within 2e-5", (layer) =>
    expectPyTorch(onnx!, check!, layer, `resid_post.${layer}`),
  );
});

it("the shipped model's logits, which are an output already, are PyTorch's within 2e-5", () =>
  expectPyTorch(tinyLm("model.onnx"), tinyLm("onnx-check.safetensors"), "logits", "logits"));

async function expectPyTorch(onnx: string, check: string, hook: string | number, reference: string): Promise<void> {
  const { tensors } = decodeSafetensors(new Uint8Array(await readFile(check)), check);
  const ids = tensors["input_ids"]!;
  const expected = tensors[reference]!;
  const { values, dIn } = await (await opened(onnx, hook)).run(Int32Array.from(ids.data), ids.shape[0]!);
  expect([...ids.shape, dIn]).toEqual(expected.shape);
  expect(values).toHaveLength(expected.data.length);
  expect(worstError(values, expected.data)).toBeLessThan(2e-5);
}

function worstError(values: Float32Array, expected: ArrayLike<number>): number {
  return values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - expected[i]!)), 0);
}

const gpt = sharedData("gpt", "gpt.onnx");
const heldout = sharedData("gpt", "gpt_heldout20k.f16.safetensors");

it.skipIf(gpt === undefined || heldout === undefined)(
  "gpt's activations on whole windows are those that were harvested with PyTorch, up to their float16",
  async () => {
    const { tensors } = decodeSafetensors(new Uint8Array(await readFile(heldout!)), heldout!);
    const windows = Int32Array.from(tensors["windows"]!.data.subarray(0, 4 * 128));
    const { values } = await (await opened(gpt!, 1)).run(windows, 4);
    for (let w = 0; w < 4; w++) {
      const ours = values.subarray((w * 128 + 1) * 256, (w + 1) * 128 * 256);
      const theirs = tensors["activations"]!.data.subarray(w * 127 * 256, (w + 1) * 127 * 256);
      const relative = ours.map((value, i) => (value - theirs[i]!) / Math.max(1, Math.abs(theirs[i]!)));
      expect(worstError(relative, new Float32Array(relative.length))).toBeLessThan(2 ** -11 + 2e-5);
    }
  },
);

describe("openHookedModel", () => {
  const table = Float32Array.of(0, 1, 10, 11, 20, 21); // [3, 2]

  it("runs windows of token ids and gives one vector per token", async () => {
    const model = await openedBytes(embeddingModel(table, 2), 1);
    expect(model.tensor).toBe("/model/layers.1/Add_output_0");
    expect(model.vocabulary).toBe(3);
    expect(model.fixed).toEqual({ batch: undefined, context: undefined });
    const { values, dIn } = await model.run(Int32Array.of(0, 2, 1, 1), 2);
    expect(dIn).toBe(2);
    expect([...values]).toEqual([0, 3, 60, 63, 30, 33, 30, 33]);
  });

  it("takes int32 ids", async () => {
    const model = await openedBytes(embeddingModel(table, 2, { idsType: INT32 }));
    expect([...(await model.run(Int32Array.of(1, 2), 1)).values]).toEqual([20, 22, 40, 42]);
  });

  it("feeds a mask of ones and positions from 0 to models that ask for them", async () => {
    const ids = (name: string): { name: string; type: number; shape: string[] } => ({
      name,
      type: INT64,
      shape: ["b", "t"],
    });
    const model = await openedBytes(
      embeddingModel(table, 2, {
        inputs: [ids("input_ids"), ids("attention_mask"), ids("position_ids")],
        nodes: [
          { op: "Gather", inputs: ["table", "input_ids"], output: "tokens" },
          { op: "Gather", inputs: ["table", "position_ids"], output: "positions" },
          { op: "Gather", inputs: ["table", "attention_mask"], output: "masks" },
          { op: "Add", inputs: ["tokens", "positions"], output: "sum" },
          { op: "Add", inputs: ["sum", "masks"], output: "logits" },
        ],
      }),
      "logits",
    );
    // table[2] + table[position] + table[1] for two windows of three tokens
    const window = [30, 33, 40, 43, 50, 53];
    expect([...(await model.run(Int32Array.of(2, 2, 2, 2, 2, 2), 2)).values]).toEqual([...window, ...window]);
  });

  it("reads tensors in float16", async () => {
    const model = await openedBytes(
      embeddingModel(table, 2, {
        nodes: [
          { op: "Gather", inputs: ["table", "input_ids"], output: "wide" },
          { op: "Cast", inputs: ["wide"], output: "half", attributes: { to: FLOAT16 } },
          { op: "Cast", inputs: ["half"], output: "logits", attributes: { to: FLOAT } },
        ],
      }),
      "half",
    );
    expect([...(await model.run(Int32Array.of(1, 2), 1)).values]).toEqual([10, 11, 20, 21]);
  });

  it("fills up the last run of a model that is built for a batch of its own", async () => {
    const model = await openedBytes(embeddingModel(table, 2, { idsShape: [3, 2] }));
    expect(model.fixed).toEqual({ batch: 3, context: 2 });
    expect([...(await model.run(Int32Array.of(1, 1), 1)).values]).toEqual([20, 22, 20, 22]);
  });

  it("refuses models that are no language models, naming their inputs", async () => {
    const inputs = [{ name: "pixel_values", type: FLOAT, shape: ["b", 3] }];
    await expect(openedBytes(embeddingModel(table, 2, { inputs }))).rejects.toThrow(
      /m\.onnx: takes the inputs pixel_values; expected input_ids, and beside it at most attention_mask, position_ids/,
    );
    const cached = [
      { name: "input_ids", type: INT64, shape: ["b", "t"] },
      { name: "past_key_values.0.key", type: FLOAT, shape: ["b", "h", "t", 4] },
    ];
    await expect(openedBytes(embeddingModel(table, 2, { inputs: cached }))).rejects.toThrow(
      /without a key-value cache/,
    );
    const floats = await openedBytes(
      embeddingModel(table, 2, {
        idsType: FLOAT,
        nodes: [
          { op: "Cast", inputs: ["input_ids"], output: "ids", attributes: { to: INT64 } },
          { op: "Gather", inputs: ["table", "ids"], output: "logits" },
        ],
      }),
      "logits",
    );
    await expect(floats.run(Int32Array.of(0), 1)).rejects.toThrow(
      /input input_ids: is of type float32; expected int64 or int32/,
    );
  });

  it("refuses tensors that are not [batch, tokens, d] of floats", async () => {
    const nodes = [
      { op: "Gather", inputs: ["table", "input_ids"], output: "logits" },
      { op: "Shape", inputs: ["logits"], output: "shape" },
      { op: "Cast", inputs: ["logits"], output: "integers", attributes: { to: INT64 } },
    ];
    const shape = await openedBytes(embeddingModel(table, 2, { nodes }), "shape");
    await expect(shape.run(Int32Array.of(0), 1)).rejects.toThrow(
      /tensor shape has shape \[3\]; expected \[batch, tokens, d\]/,
    );
    const integers = await openedBytes(embeddingModel(table, 2, { nodes }), "integers");
    await expect(integers.run(Int32Array.of(0), 1)).rejects.toThrow(UsageError);
    await expect(integers.run(Int32Array.of(0), 1)).rejects.toThrow(/is int64; expected float32 or float16/);
  });

  it("says why onnxruntime does not take or run a model, and writes nothing to stderr", async () => {
    const broken = embeddingModel(table, 2, {
      nodes: [{ op: "NoSuchOperator", inputs: ["table", "input_ids"], output: "logits" }],
    });
    await expect(openedBytes(broken, "logits")).rejects.toThrow(FormatError);
    await expect(openedBytes(broken, "logits")).rejects.toThrow(
      /onnxruntime does not take it as a model: .*NoSuchOperator/,
    );
    const model = await openedBytes(embeddingModel(table, 2));
    await expect(model.run(Int32Array.of(3), 1)).rejects.toThrow(
      /m\.onnx: does not run on 1 windows of 1 tokens .*out of data bounds/,
    );
    const tiny = await opened(tinyLm("model.onnx"), 0);
    await expect(tiny.run(new Int32Array(200), 1)).rejects.toThrow(/is contextLength beyond its positions\?/);
  });

  it("refuses a number of threads that is none", async () => {
    for (const threads of [0, 1.5, NaN]) {
      await expect(openHookedModel({ modelPath: tinyLm("model.onnx"), hook: 0, threads })).rejects.toThrow(UsageError);
    }
  });
});
