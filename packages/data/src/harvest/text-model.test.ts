import { readFile } from "node:fs/promises";

import { FormatError } from "@qsae/runtime";
import * as ort from "onnxruntime-node";
import { expect, it, onTestFinished } from "vitest";

import { tinyLm } from "../../test/shared-data.ts";
import { openHookedModel } from "./hooked-model.ts";
import type { ModelInMemory, NamedBytes } from "./model-in-memory.ts";
import { openTextModel, type TextModel } from "./text-model.ts";
import { loadTokenizer } from "./tokenizer.ts";

const named = async (name: string): Promise<NamedBytes> => ({ name, bytes: await readFile(tinyLm(name)) });

const files: ModelInMemory = {
  ort,
  model: await named("model.onnx"),
  tokenizer: await named("tokenizer.json"),
  hook: "blocks.1",
};

async function opened(): Promise<TextModel> {
  const model = await openTextModel(files);
  onTestFinished(() => model.close());
  return model;
}

it("gives the tokens of a text with the activations that the hooked model has on them", async () => {
  const text = "In the beginning God created the heaven and the earth.";
  const { pieces, x, dIn, tokens } = await (await opened()).activations(text, 128);
  expect(pieces.join("")).toBe(text);
  expect(tokens).toBe(pieces.length);
  const { ids } = (await loadTokenizer(tinyLm("."))).encode(text, { add_special_tokens: false });
  const hooked = await openHookedModel({ modelPath: tinyLm("model.onnx"), hook: "blocks.1" });
  onTestFinished(() => hooked.close());
  const expected = await hooked.run(Int32Array.from(ids), 1);
  expect(dIn).toBe(expected.dIn);
  expect(x).toEqual(expected.values);
});

it("cuts a long text, says how long it is, and has nothing for an empty one", async () => {
  const model = await opened();
  const long = await model.activations("light ".repeat(500), 128);
  expect(long.pieces).toHaveLength(128);
  expect(long.x).toHaveLength(128 * 128);
  expect(long.tokens).toBeGreaterThan(500);
  expect(await model.activations("", 128)).toEqual({ pieces: [], x: new Float32Array(), tokens: 0 });
});

it("says why where more tokens are asked for than the model has positions", async () => {
  const model = await opened();
  await expect(model.activations("light ".repeat(500), 200)).rejects.toThrow(FormatError);
});
