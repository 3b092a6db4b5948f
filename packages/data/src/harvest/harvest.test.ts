import { readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { decodeSafetensors, FormatError, NonFiniteError, UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { embeddingModel } from "../../test/onnx-builder.ts";
import { tinyLm } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { openActivations } from "../activations/open-activations.ts";
import { readTokenIds } from "../activations/read-token-ids.ts";
import { fileSha256 } from "../files/sha256.ts";
import { harvest } from "./harvest.ts";
import type { HarvestOptions, HarvestProgress } from "./harvest-options.ts";
import { openHookedModel } from "./hooked-model.ts";

const TEXT = "And God said, Let there be light: and there was light. ".repeat(40);

async function options(
  changes: Partial<HarvestOptions> = {},
): Promise<HarvestOptions & { texts?: never; textPath: string }> {
  const folder = await temporaryFolder();
  const textPath = join(folder, "text.txt");
  await writeFile(textPath, TEXT);
  return {
    modelPath: tinyLm("model.onnx"),
    tokenizerDir: tinyLm("."),
    hook: "blocks.1",
    contextLength: 32,
    outPath: join(folder, "out.safetensors"),
    threads: 2,
    ...changes,
    textPath: changes.textPath ?? textPath,
  } as HarvestOptions & { texts?: never; textPath: string };
}

/** The table of a model whose vocabulary is the tokenizer's: every token is [1, special]. */
const ones = (special: number): Float32Array =>
  Float32Array.from({ length: 1024 * 2 }, (_, i) => (i % 2 ? special : 1));

describe("harvest", () => {
  it("writes what passes through the tensor, row by row as documented", async () => {
    const run = await options({ batchSize: 3, dtype: "float32" });
    const progress: HarvestProgress[] = [];
    const result = await harvest({ ...run, onProgress: (step) => progress.push(step) });
    expect(result).toMatchObject({ path: run.outPath, dIn: 128, tensor: "/blocks.1/Add_3_output_0" });
    expect(result.tokens).toBe(result.windows * 31);
    expect(progress.at(-1)).toEqual({ tokens: result.tokens, totalTokens: result.tokens });
    expect(progress.map(({ tokens }) => tokens)).toEqual(
      progress.map(({ tokens }) => tokens).toSorted((a, b) => a - b),
    );

    const bytes = new Uint8Array(await readFile(run.outPath));
    expect(bytes.length).toBe(result.bytes);
    const { tensors } = decodeSafetensors(bytes, "out");
    expect(tensors["windows"]!.shape).toEqual([result.windows, 32]);
    const windows = Int32Array.from(tensors["windows"]!.data);
    const model = await openHookedModel({ modelPath: run.modelPath, hook: 1, threads: 2 });
    const { values } = await model.run(windows, result.windows);
    await model.close();
    const rows = tensors["activations"]!;
    expect(rows.shape).toEqual([result.tokens, 128]);
    let worst = 0;
    for (let r = 0; r < result.tokens; r++) {
      const place = Math.floor(r / 31) * 32 + 1 + (r % 31);
      expect(tensors["tokens"]!.data[r]).toBe(windows[place]);
      for (let i = 0; i < 128; i++)
        worst = Math.max(worst, Math.abs(rows.data[r * 128 + i]! - values[place * 128 + i]!));
    }
    expect(worst).toBeLessThan(2e-5);
  });

  it("writes a file that openActivations and readTokenIds read, with where it comes from", async () => {
    const run = await options();
    const result = await harvest(run);
    const source = await openActivations(run.outPath);
    expect([source.tokens, source.dIn]).toEqual([result.tokens, 128]);
    expect(source.provenance).toMatchObject({
      model: "model.onnx",
      model_sha256: await fileSha256(run.modelPath),
      hook: "/blocks.1/Add_3_output_0",
      tokenizer_sha256: await fileSha256(tinyLm("tokenizer.json")),
      text: "text.txt",
      text_sha256: await fileSha256(run.textPath),
      context: "32",
      drop_first: "1",
    });
    await source.close();
    expect(await readTokenIds(run.outPath)).toHaveLength(result.tokens);
  });

  it("writes the same bytes for the same input", async () => {
    const run = await options({ maxTokens: 100 });
    await harvest(run);
    const first = await fileSha256(run.outPath);
    await harvest(run);
    expect(await fileSha256(run.outPath)).toBe(first);
  });

  it("stops at maxTokens rows", async () => {
    const run = await options({ maxTokens: 70 });
    expect(await harvest(run)).toMatchObject({ tokens: 70, windows: 3 });
  });

  it("takes texts as strings, each in windows of its own", async () => {
    const { textPath: _, ...run } = await options();
    const result = await harvest({ ...run, texts: [TEXT, "too short", TEXT] });
    const one = await harvest({ ...run, texts: [TEXT] });
    expect(result.windows).toBe(2 * one.windows);
  });

  it("stops when it is told to, and leaves nothing behind", async () => {
    const controller = new AbortController();
    const run = await options({ batchSize: 1, signal: controller.signal });
    const stopped = harvest({ ...run, onProgress: () => controller.abort(new Error("interrupted")) });
    await expect(stopped).rejects.toThrow("interrupted");
    expect(await readdir(join(run.outPath, ".."))).toEqual([basename(run.textPath)]);
    await expect(harvest({ ...run, signal: AbortSignal.abort() })).rejects.toThrow(/abort/i);
  });

  it("keeps an older file when the model yields NaN", async () => {
    const run = await options();
    const modelPath = join(run.outPath, "..", "m.onnx");
    await writeFile(modelPath, embeddingModel(ones(NaN), 2));
    await writeFile(run.outPath, "old");
    await expect(harvest({ ...run, modelPath, hook: 0 })).rejects.toThrow(NonFiniteError);
    expect(await readFile(run.outPath, "utf8")).toBe("old");
  });

  it("asks for float32 where float16 cannot hold the values", async () => {
    const run = await options();
    const modelPath = join(run.outPath, "..", "m.onnx");
    await writeFile(modelPath, embeddingModel(ones(5e4), 2));
    await expect(harvest({ ...run, modelPath, hook: 0 })).rejects.toThrow(
      /100000 in row 0, column 1 is beyond float16 \(65504\); use dtype float32/,
    );
    expect((await harvest({ ...run, modelPath, hook: 0, dtype: "float32" })).dIn).toBe(2);
  });

  it("runs models that are built for sizes of their own, at those sizes", async () => {
    const run = await options();
    const modelPath = join(run.outPath, "..", "m.onnx");
    await writeFile(modelPath, embeddingModel(ones(1), 2, { idsShape: [5, 32] }));
    const result = await harvest({ ...run, modelPath, hook: 0 });
    expect(result.windows % 5).not.toBe(0);
    expect(result.tokens).toBe(31 * result.windows);
    await expect(harvest({ ...run, modelPath, hook: 0, batchSize: 4 })).rejects.toThrow(
      /built for batchSize=5; given: 4/,
    );
    await expect(harvest({ ...run, modelPath, hook: 0, contextLength: 16 })).rejects.toThrow(
      /built for contextLength=32; given: 16/,
    );
  });

  it("refuses options out of range", async () => {
    for (const [changes, problem] of [
      [{ contextLength: 0 }, /contextLength=0/],
      [{ batchSize: 0 }, /batchSize=0/],
      [{ maxTokens: 0.5 }, /maxTokens=0\.5/],
      [{ dropFirst: -1 }, /dropFirst=-1/],
      [{ dropFirst: 32 }, /dropFirst=32 leaves nothing of windows of contextLength=32/],
      [{ dtype: "int8" as "float16" }, /unknown dtype "int8"; allowed: float16, float32/],
      [{ outPath: "out.npy" }, /written as \.safetensors/],
      [{ hook: "nowhere" }, /no tensor "nowhere"; nearest/],
    ] as const) {
      const failed = harvest(await options(changes));
      await expect(failed).rejects.toThrow(UsageError);
      await expect(failed).rejects.toThrow(problem);
    }
    const { textPath: _, ...neither } = await options();
    await expect(harvest(neither as HarvestOptions)).rejects.toThrow(/either textPath or texts/);
  });

  it("names files that are missing or foreign, and text that is too short", async () => {
    const failure = async (changes: Partial<HarvestOptions>): Promise<string> => {
      const error: unknown = await harvest(await options(changes)).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(FormatError);
      return (error as Error).message;
    };
    expect(await failure({ modelPath: "absent.onnx" })).toMatch(/absent\.onnx: no such file/);
    expect(await failure({ modelPath: tinyLm("README.md") })).toMatch(/README\.md: not an ONNX model/);
    expect(await failure({ tokenizerDir: "nowhere" })).toMatch(/nowhere\/tokenizer\.json: no such file/);
    expect(await failure({ textPath: "absent.txt" })).toMatch(/absent\.txt: no such file/);
    expect(await failure({ contextLength: 100_000 })).toMatch(/text\.txt: \d+ tokens, fewer than one window of 100000/);
    expect(await failure({ contextLength: 200 })).toMatch(/model\.onnx: does not run on .* windows of 200 tokens/);
  });

  it("refuses a tokenizer of another model", async () => {
    const run = await options();
    const modelPath = join(run.outPath, "..", "m.onnx");
    await writeFile(modelPath, embeddingModel(new Float32Array(300 * 2), 2));
    await expect(harvest({ ...run, modelPath, hook: 0 })).rejects.toThrow(/beyond the model's vocabulary of 300/);
  });
});
