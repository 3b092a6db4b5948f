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

const evaluate = (...args: readonly string[]) => callMain(["eval", "--sae", "sae.qsae.safetensors", ...args]);

describe("qsae eval --target", () => {
  it("is perfect where the target is what the SAE makes of x, and not on x itself", async () => {
    const json = jsonOf(await evaluate("--data", "in.safetensors", "--target", "out.safetensors", "--json"));
    expect(json).toMatchObject({ fvu: 0, mse: 0, tokens: TOKENS, data: "in.safetensors", target: "out.safetensors" });
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
    expect(json).toMatchObject({ fvu: 0, tokens: 40 });
  });

  it("is there in analyze too", async () => {
    const files = ["--data", "in.safetensors", "--target", "out.safetensors", "--out", "report.html"];
    const json = jsonOf(await callMain(["analyze", "--sae", "sae.qsae.safetensors", ...files, "--json"]));
    expect(json["saes"]).toMatchObject([{ fvu: 0 }]);
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
