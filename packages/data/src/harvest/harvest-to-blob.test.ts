import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { FormatError, UsageError } from "@qsae/runtime";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";

import { tinyLm } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { harvest } from "./harvest.ts";
import { harvestToBlob, type HarvestToBlobOptions } from "./harvest-to-blob.ts";
import type { NamedBytes } from "./model-in-memory.ts";

const named = async (name: string): Promise<NamedBytes> => ({ name, bytes: await readFile(tinyLm(name)) });

const settings = { hook: "blocks.1", contextLength: 32, batchSize: 3, maxTokens: 500 } as const;

const inputs: HarvestToBlobOptions = {
  ort,
  model: await named("model.onnx"),
  tokenizer: await named("tokenizer.json"),
  tokenizerConfig: await named("tokenizer_config.json"),
  text: await named("heldout.txt"),
  ...settings,
};

const bad = (name: string, bytes: Uint8Array = Uint8Array.of(0xff, 0xfe)): NamedBytes => ({ name, bytes });

describe("harvestToBlob", () => {
  it("gives the bytes of the file that harvest writes", async () => {
    const outPath = join(await temporaryFolder(), "out.safetensors");
    const modelPath = tinyLm("model.onnx");
    const expected = await harvest({
      modelPath,
      tokenizerDir: tinyLm("."),
      textPath: tinyLm("heldout.txt"),
      outPath,
      ...settings,
    });
    const { blob, ...rest } = await harvestToBlob(inputs);
    expect(rest).toEqual({
      tokens: expected.tokens,
      dIn: expected.dIn,
      windows: expected.windows,
      tensor: expected.tensor,
    });
    expect(Buffer.compare(Buffer.from(await blob.arrayBuffer()), await readFile(outPath))).toBe(0);
  });

  it.each<[string, Partial<HarvestToBlobOptions>, RegExp]>([
    ["no model", { model: bad("m.onnx") }, /^m\.onnx: not an ONNX model/],
    ["no JSON", { tokenizer: bad("t.json", new TextEncoder().encode("{")) }, /^t\.json: not JSON/],
    ["no tokenizer", { tokenizer: bad("t.json", new TextEncoder().encode("[]")) }, /^t\.json: not a Hugging Face/],
    ["no UTF-8", { text: bad("a.txt") }, /^a\.txt: not UTF-8 text; expected plain text/],
    ["no text", { text: bad("a.txt", new Uint8Array()) }, /^a\.txt: no text/],
  ])("names what is %s", async (_, changes, message) => {
    const error: unknown = await harvestToBlob({ ...inputs, ...changes }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
  });

  it("refuses settings out of range and stops when told to", async () => {
    await expect(harvestToBlob({ ...inputs, contextLength: 0 })).rejects.toThrow(UsageError);
    const enough = new Error("enough");
    const stop = new AbortController();
    const onProgress = (): void => stop.abort(enough);
    await expect(harvestToBlob({ ...inputs, signal: stop.signal, onProgress })).rejects.toBe(enough);
  });
});
