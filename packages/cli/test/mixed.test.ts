/** SAEs whose atoms have widths of their own, on the command line. */
import { writeFile } from "node:fs/promises";
import { bitsPerWeight, encodePackedSae } from "@qsae/runtime";
import { afterAll, beforeAll, expect, it } from "vitest";
import { callMain } from "./call-main.ts";
import { mixed, stackOfTwo } from "./packed-saes.ts";
import { jsonOf } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, writeTinyActivations } from "./tiny-activations.ts";

const folder = temporaryFolder();
const before = process.cwd();
const file = "mixed.qsae.safetensors";
const stack = "stack.qsae.safetensors";
const sae = mixed(D_IN);

beforeAll(async () => {
  process.chdir(folder.at());
  await writeFile(file, encodePackedSae(sae));
  await writeFile(stack, encodePackedSae(stackOfTwo(D_IN)));
  await writeTinyActivations("heldout.safetensors", { tokens: 200, seed: 2 });
});
afterAll(() => process.chdir(before));

it("inspect: a line for every width, with its number of latents", async () => {
  expect(jsonOf(await callMain(["inspect", file, "--json"]))).toMatchObject({
    bits_per_weight: bitsPerWeight(sae).total,
    stages: [
      {
        encoder: { shape: [24, D_IN], quantizer: "float32" },
        decoder: {
          shape: [24, D_IN],
          quantizer: "mixed",
          widths: [
            { quantizer: "none", bits: 0, latents: 5 },
            { quantizer: "ternary", bits: 1.6, latents: 16 },
            { quantizer: "float32", bits: 32, latents: 3 },
          ],
        },
      },
    ],
  });
  const { stdout } = await callMain(["inspect", file]);
  for (const line of [
    /1 +24 +top 3 +float32 +mixed/,
    /stage +mixed +quantizer +bits +latents/,
    /1 +decoder +none +0 +5/,
    /1 +decoder +ternary +1\.6 +16/,
    /1 +decoder +float32 +32 +3/,
  ]) {
    expect(stdout).toMatch(line);
  }
});

it("eval, analyze and quantize take it like any other", async () => {
  for (const args of [
    ["eval", "--sae", file, "--data", "heldout.safetensors"],
    ["analyze", "--sae", file, "--data", "heldout.safetensors", "--out", "report.html"],
    // of other latents: only the atoms can be compared
    ["analyze", "--sae", file, "--reference", stack, "--data", "heldout.safetensors", "--out", "report.html"],
    ["quantize", "--sae", file, "--decoder", "ternary", "--out", "ternary.qsae.safetensors"],
    ["inspect", "ternary.qsae.safetensors"],
  ]) {
    const result = await callMain(args);
    expect(result, result.stderr).toMatchObject({ code: 0 });
  }
});

it("analyze: its dropped atoms are zero, and have no weights to compare with those of another shape", async () => {
  const args = ["--sae", file, "--reference", stack, "--data", "heldout.safetensors", "--out", "report.html"];
  const { saes } = jsonOf(await callMain(["analyze", ...args, "--json"]));
  const [{ cosines, reference }] = saes as readonly [Record<"cosines" | "reference", unknown>];
  expect(cosines).toMatchObject({ zero_atoms: 5 });
  expect(Object.keys(reference as object)).toEqual(["name", "cosines", "output_error"]);
});
