/** `--target`: an SAE measured on what it is to make of its input. */
import { writeFile } from "node:fs/promises";
import { encodePackedSae, encodeSafetensors, loadSae } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callMain } from "./call-main.ts";
import { nested } from "./packed-saes.ts";
import { jsonOf } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, tinyActivations } from "./tiny-activations.ts";

const folder = temporaryFolder();
const before = process.cwd();
const TOKENS = 100;
const sae = nested(D_IN);

const acts = (data: Float32Array, dIn = D_IN) => ({ shape: [data.length / dIn, dIn], data });

beforeAll(async () => {
  process.chdir(folder.at());
  const x = tinyActivations(TOKENS, 3);
  const y = loadSae(sae).reconstruct(x);
  await writeFile("sae.qsae.safetensors", encodePackedSae(sae));
  await writeFile("in.safetensors", encodeSafetensors({ activations: acts(x) }));
  await writeFile("out.safetensors", encodeSafetensors({ activations: acts(y) }));
  await writeFile("both.safetensors", encodeSafetensors({ before: acts(x), after: acts(y) }));
  await writeFile("short.safetensors", encodeSafetensors({ activations: acts(y.subarray(D_IN)) }));
  await writeFile("narrow.safetensors", encodeSafetensors({ activations: acts(y.subarray(0, 8 * TOKENS), 8) }));
});
afterAll(() => process.chdir(before));

/** The target is what the runtime makes of x in float64; the commands encode on a backend, in float32. */
const NONE = expect.closeTo(0, 12) as number;

const evaluate = (...args: readonly string[]) => callMain(["eval", "--sae", "sae.qsae.safetensors", ...args]);

describe("qsae eval --target", () => {
  it("is perfect where the target is what the SAE makes of x, and not on x itself", async () => {
    const json = jsonOf(await evaluate("--data", "in.safetensors", "--target", "out.safetensors", "--json"));
    expect(json).toMatchObject({
      fvu: NONE,
      mse: NONE,
      tokens: TOKENS,
      data: "in.safetensors",
      target: "out.safetensors",
    });
    expect(jsonOf(await evaluate("--data", "in.safetensors", "--json"))["fvu"]).toBeGreaterThan(0.1);
  });

  it("takes both tensors from one file, and the first rows of both", async () => {
    const tensors = [
      "--tensor",
      "before",
      "--target",
      "both.safetensors",
      "--target-tensor",
      "after",
      "--tokens",
      "40",
    ];
    const json = jsonOf(await evaluate("--data", "both.safetensors", ...tensors, "--json"));
    expect(json).toMatchObject({ fvu: NONE, tokens: 40 });
  });

  it("is that of the configuration, for the activations of the configuration and no others", async () => {
    const config = { heldout: "in.safetensors", heldoutTarget: "out.safetensors" };
    await writeFile("pairs.config.json", JSON.stringify(config));
    const own = jsonOf(await evaluate("--config", "pairs.config.json", "--json"));
    expect(own).toMatchObject({ fvu: NONE, target: "out.safetensors" });
    const other = jsonOf(await evaluate("--config", "pairs.config.json", "--data", "in.safetensors", "--json"));
    expect(other["fvu"]).toBeGreaterThan(0.1);
    expect(other).not.toHaveProperty("target");
    const report = ["--sae", "sae.qsae.safetensors", "--config", "pairs.config.json", "--out", "report.html", "--json"];
    expect(jsonOf(await callMain(["analyze", ...report]))["saes"]).toMatchObject([{ fvu: NONE }]);
  });

  it("is there in analyze too", async () => {
    const files = ["--data", "in.safetensors", "--target", "out.safetensors", "--out", "report.html"];
    const json = jsonOf(await callMain(["analyze", "--sae", "sae.qsae.safetensors", ...files, "--json"]));
    expect(json["saes"]).toMatchObject([{ fvu: NONE }]);
  });

  it.each([
    [["--target", "none.safetensors"], 1, "none.safetensors: no such file"],
    [
      ["--target", "short.safetensors"],
      2,
      "--data in.safetensors, --target short.safetensors: pairedSource: tokens is 100 in the inputs, 99 in the targets; they must be of the same tokens, row by row",
    ],
    [["--target", "narrow.safetensors"], 2, "d_in is 16 in the inputs, 8 in the targets"],
    [["--target-tensor", "after"], 2, "--target-tensor after: --target FILE is missing"],
  ])("refuses %j", async (args, code, says) => {
    const outcome = await evaluate("--data", "in.safetensors", ...args);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toContain(says);
  });
});

describe("qsae train --target", () => {
  const train = (...args: readonly string[]) =>
    callMain([
      ...[
        "train",
        "--data",
        "pairs.safetensors",
        "--tensor",
        "before",
        "--variant",
        "topk",
        "--d-sae",
        "64",
        "--k",
        "4",
      ],
      ...["--steps", "300", "--batch-size", "64", "--lr", "0.01", ...args],
    ]);
  const targets = ["--target", "pairs.safetensors", "--target-tensor", "after"];
  const ownSkip = ["--set", "transcoder=true", "--set", "skip=true"];

  beforeAll(async () => {
    const x = tinyActivations(640, 4);
    const turned = Float32Array.from(x, (_, i) => x[i - (i % D_IN) + ((i + 1) % D_IN)]!); // neighbours change places
    await writeFile("pairs.safetensors", encodeSafetensors({ before: acts(x), after: acts(turned) }));
    await writeFile("heldout-out.safetensors", encodeSafetensors({ activations: acts(turned) }));
    await writeFile("heldout-in.safetensors", encodeSafetensors({ activations: acts(x) }));
  });

  it("trains a transcoder with a skip connection, and measures it on its target", async () => {
    const heldout = ["--heldout", "heldout-in.safetensors", "--heldout-target", "heldout-out.safetensors"];
    const outcome = await train(...targets, ...ownSkip, ...heldout, "--out", "transcoder");
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    const pair = ["--data", "heldout-in.safetensors", "--target", "heldout-out.safetensors"];
    const json = jsonOf(await callMain(["eval", "--sae", "transcoder", ...pair, "--json"]));
    expect(json["fvu"]).toBeLessThan(0.2);
    const onItself = ["eval", "--sae", "transcoder", "--data", "heldout-in.safetensors", "--json"];
    expect(jsonOf(await callMain(onItself))["fvu"]).toBeGreaterThan(0.5);
  });

  it("wants a variant for pairs, and targets on both sides", async () => {
    expect((await train(...targets, "--out", "plain")).stderr).toMatch(/set transcoder to true/);
    const half = await train(...targets, ...ownSkip, "--heldout", "heldout-in.safetensors", "--out", "half");
    expect(half).toMatchObject({ code: 2 });
    expect(half.stderr).toMatch(/--heldout-target FILE is missing/);
  });
});
