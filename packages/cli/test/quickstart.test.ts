/** The quickstart on the shipped model, with a recipe that takes seconds. */
import { copyFile, mkdir, readFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { quickstart } from "../src/actions/quickstart.ts";
import { findModel } from "../src/quickstart/find-model.ts";
import { quickstartRecipe, type Recipe } from "../src/quickstart/recipe.ts";
import { temporaryFolder } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

const shipped = fileURLToPath(new URL("../../../examples/tiny-lm", import.meta.url));
const folder = temporaryFolder();
const before = process.cwd();

const recipe: Recipe = {
  ...quickstartRecipe,
  trainTokens: 1_270,
  heldoutTokens: 254,
  sae: { d_sae: 32, k: 4 },
  float: { steps: 12, batch_size: 64, lr: 3e-3, lr_warmup_steps: 2 },
  ternary: { steps: 12, batch_size: 64, lr: 3e-3, lr_warmup_steps: 2 },
};

beforeAll(async () => {
  process.chdir(folder.at());
  await mkdir("model");
  for (const name of ["model.onnx", "tokenizer.json", "tokenizer_config.json"])
    await copyFile(join(shipped, name), join("model", name));
  for (const name of ["train.txt", "heldout.txt"]) {
    await writeFile(join("model", name), (await readFile(join(shipped, name), "utf8")).slice(0, 8_000));
  }
});
afterAll(() => process.chdir(before));

async function run(json: boolean): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const [out, err] = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, "write").mockReturnValue(true));
  try {
    await quickstart({ out: "out", modelDir: "model", backend: "cpu", json, color: false }, recipe);
    const textOf = (spy: typeof out) => spy!.mock.calls.map(([text]) => String(text)).join("");
    return { stdout: textOf(out), stderr: textOf(err) };
  } finally {
    out!.mockRestore();
    err!.mockRestore();
  }
}

describe("quickstart", () => {
  it("harvests, trains, rounds, evaluates and reports", async () => {
    const { stdout, stderr } = await run(false);
    expect(stderr).toContain("harvest train: 100 %");
    for (const row of ["float TopK", "rounded to ternary", "ternary, trained", "ternary, int8 encoder"])
      expect(stdout).toContain(row);
    expect(stdout).toMatch(/dead in.*\n.* 254 /);
    expect(stdout).toContain("open this one in a browser");
    for (const file of [
      "float/checkpoint.safetensors",
      "float/metrics.jsonl",
      "ternary/sae.qsae.safetensors",
      "report.html",
    ]) {
      expect((await readFile(join("out", file))).length, file).toBeGreaterThan(0);
    }
    expect(await readFile(join("out", "report.html"), "utf8")).toContain('id="training"');
  });

  it("reuses the activations the second time, and says so", async () => {
    const { stdout, stderr } = await run(true);
    expect(stderr).toContain("train: reusing 1,270 harvested tokens");
    expect(stderr).toContain("heldout: reusing 254 harvested tokens");
    expect(stderr).not.toContain("harvest train");
    const result = JSON.parse(stdout) as { saes: { name: string; fvu: number; bits_per_weight: number }[] };
    expect(result).toMatchObject({ train_tokens: 1_270, heldout_tokens: 254, reused_activations: true });
    expect(result.saes.map(({ bits_per_weight }) => bits_per_weight)).toEqual([32, 1.75, 1.75, (8.125 + 1.75) / 2]);
    expect(JSON.parse(await readFile(join("out", "quickstart.json"), "utf8"))).toMatchObject({
      saes: result.saes.map(({ name }) => ({ name })),
    });
  });

  it("harvests again what is damaged, and what is of another text", async () => {
    const [damaged] = (await readdir(join("out", "activations"))).filter((name) => name.startsWith("train"));
    await truncate(join("out", "activations", damaged!), 1000);
    await writeFile(
      join("model", "heldout.txt"),
      (await readFile(join(shipped, "heldout.txt"), "utf8")).slice(8_000, 16_000),
    );
    const { stderr } = await run(true);
    expect(stderr).toContain("harvest train: 100 %");
    expect(stderr).toContain("harvest heldout: 100 %");
  });

  it("finds the shipped model from the clone, and says where to get it otherwise", async () => {
    expect((await findModel(undefined)).folder).toBe(shipped);
    await expect(findModel(undefined, ["nowhere"])).rejects.toThrow(
      /is not part of this package; get the folder examples.tiny-lm from the project's repository and give --model-dir DIR$/,
    );
    await expect(findModel("nowhere")).rejects.toThrow(
      /nowhere.model.onnx: no such file; quickstart needs model.onnx, tokenizer.json, train.txt and heldout.txt/,
    );
  });

  it("promises what the project asks for", () => {
    const { trainTokens, heldoutTokens, sae, float, ternary, context } = quickstartRecipe;
    expect(trainTokens).toBeGreaterThanOrEqual(100_000);
    expect(heldoutTokens).toBeGreaterThanOrEqual(10_000);
    expect(trainTokens % (context - 1)).toBe(0);
    expect(sae.d_sae).toBeGreaterThanOrEqual(1024);
    expect(sae.k).toBeLessThanOrEqual(32);
    for (const { epochs } of [float, ternary]) expect(epochs).toBeGreaterThanOrEqual(3);
  });
});
