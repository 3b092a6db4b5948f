/** Files of the Python reference become SAEs that run: importer, variants and commands agree on names, shapes and keys. */
import { copyFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { normals } from "@qsae/core";
import { encodeSafetensors, loadSae } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catalogOf } from "../src/catalog.ts";
import { openSae } from "../src/open-sae.ts";
import { callMain } from "./call-main.ts";
import { jsonOf } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const folder = temporaryFolder();
const before = process.cwd();
const FILES = ["baseline", "binary", "ternary", "quantized_matryoshka", "residual_quantized", "training", "runs_code"];
const [D_IN, D_SAE, TOKENS] = [3, 8, 64];

beforeAll(async () => {
  process.chdir(folder.at());
  for (const name of FILES) {
    await copyFile(fileURLToPath(new URL(`../../data/test/fixtures/${name}.pth`, import.meta.url)), `${name}.pth`);
  }
  const data = normals(TOKENS * D_IN, 1, 3);
  await writeFile("acts.safetensors", encodeSafetensors({ activations: { shape: [TOKENS, D_IN], data } }));
});
afterAll(() => process.chdir(before));

/** File with its options, and variant. */
const saes = [
  ["baseline.pth,variant=baseline,k=4", "baseline"],
  ["baseline.pth,variant=binary-latent", "binary-latent"],
  ["binary.pth,gamma=1.5,k=2", "binary"],
  ["ternary.pth", "ternary"],
  ["quantized_matryoshka.pth,n_bits=4,gamma=1.5", "quantized-matryoshka"],
  ["residual_quantized.pth,gamma=1.5", "residual-quantized"],
] as const;

/** Train on from what the file holds, levels included. */
it("is what training starts from, stacks included", async () => {
  const stack = ["--variant", "residual-quantized", "--set", "preset=reference", "--set", "gamma=1.5"];
  const run = ["--steps", "2", "--batch-size", "32", "--lr-warmup-steps", "0", "--out", "from-stack"];
  const path = "residual_quantized.pth,gamma=1.5";
  const levels = (await openSae(path, catalogOf({}))).packed.stages.length;
  const options = ["--set", `n_bits=${levels}`, "--from", path, ...run];
  const outcome = await callMain(["train", "--data", "acts.safetensors", ...stack, ...options]);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  const given = (await openSae(path, catalogOf({}))).checkpoint!.tensors["W_enc"]!.data;
  const trained = (await openSae("from-stack", catalogOf({}))).packed.stages[0]!.encoder;
  expect(trained).toMatchObject({ kind: "float32", cols: D_IN });
  // two Adam steps of 1e-3 from there
  expect(Math.abs((trained as { values: Float32Array }).values[0]! - given[0]!)).toBeLessThan(3e-3);
});

describe.each(saes)("%s", (path, variant) => {
  it("runs", async () => {
    const { kind, name, packed, checkpoint } = await openSae(path, catalogOf({}));
    expect([kind, name, packed.description.variant]).toEqual(["reference", /^\w+/.exec(path)![0], variant]);
    expect(checkpoint!.spec.variant).toBe(variant);
    const sae = loadSae(packed);
    expect([sae.dIn, sae.dSae]).toEqual([D_IN, D_SAE]);
    expect([...sae.reconstruct(Float32Array.of(0.1, -0.2, 0.3))].every(Number.isFinite)).toBe(true);
  });

  it("is inspected and measured", async () => {
    const inspected = jsonOf(await callMain(["inspect", path, "--json"]));
    expect(inspected).toMatchObject({ kind: "reference", variant, d_in: D_IN, d_sae: D_SAE });
    const evaluated = jsonOf(await callMain(["eval", "--sae", path, "--data", "acts.safetensors", "--json"]));
    expect(evaluated).toMatchObject({ kind: "reference", tokens: TOKENS, d_sae: D_SAE });
    expect(evaluated["fvu"]).toBeGreaterThan(0);
  });
});

it("compares several of one report, each with options of its own, and packs one", async () => {
  const both = ["--sae", "baseline.pth,variant=baseline,k=4", "--sae", "baseline.pth,variant=binary-latent"];
  const report = await callMain(["analyze", ...both, "--data", "acts.safetensors", "--out", "report.html", "--json"]);
  expect(jsonOf(report)).toMatchObject({ saes: [{ name: "baseline" }, { name: "baseline (2)" }] });
  const packed = await callMain([
    "quantize",
    "--sae",
    saes[0][0],
    "--decoder",
    "int4",
    "--out",
    "int4.qsae.safetensors",
  ]);
  expect(packed, packed.stderr).toMatchObject({ code: 0 });
});

it("is a start for training", async () => {
  const length = ["--steps", "2", "--batch-size", "16", "--backend", "cpu"];
  const from = ["--from", "baseline.pth,variant=baseline,k=4", "--variant", "baseline", "--k", "4"];
  const run = await callMain(["train", "--data", "acts.safetensors", ...from, ...length, "--out", "run", "--json"]);
  expect(run, run.stderr).toMatchObject({ code: 0 });
  expect(jsonOf(run)).toMatchObject({ d_sae: D_SAE, steps: 2 });
});

describe("a file that does not say enough", () => {
  it("is inspected: what fits, and what to write", async () => {
    const outcome = await callMain(["inspect", "baseline.pth"]);
    expect(outcome).toMatchObject({ code: 0 });
    expect(outcome.stdout).toContain(
      "open as  baseline.pth,variant=baseline,k=8\n  or       baseline.pth,variant=binary-latent",
    );
    expect(jsonOf(await callMain(["inspect", "binary.pth", "--json"]))).toMatchObject({
      kind: "reference",
      open_as: ["binary.pth,variant=binary,gamma=1.5"],
      tensors: { "encoder.0.weight": [D_SAE, D_IN] },
    });
  });

  it.each([
    [
      "baseline.pth",
      1,
      "baseline.pth: names and shapes fit baseline, binary-latent, and the file does not say which; " +
        "give baseline.pth,variant=baseline,k=8 or baseline.pth,variant=binary-latent",
    ],
    [
      "quantized_matryoshka.pth,gamma=1",
      1,
      "does not store its number of bits; give quantized_matryoshka.pth,variant=quantized-matryoshka,n_bits=4,gamma=1",
    ],
    ["binary.pth,gamma=1", 1, "which is below 1 at d_sae=8; give binary.pth,variant=binary,gamma=1,k=1"],
    ["ternary.pth,k=3", 2, "k means nothing to ternary"],
    ["ternary.pth,bits=3", 2, 'unknown option of ternary.pth "bits"; allowed: variant, n_bits, gamma, k'],
    ["absent.pth,k=3", 1, "absent.pth: no such file or folder; expected an SAE"],
    ["training.pth", 1, 'training.pth: no tensor "encoder.0.weight"'],
    ["runs_code.pth", 1, '"posix.system" is not allowed'],
  ])("eval refuses %s", async (path, code, says) => {
    const outcome = await callMain(["eval", "--sae", path, "--data", "acts.safetensors"]);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toContain(says);
    expect(outcome.stderr).toMatch(/^error: [^\n]+\n$/);
  });
});
