/** `qsae eval --model`: the shipped language model with a shipped SAE in the place of its activations. */
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodePackedSae } from "@qsae/runtime";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { nested } from "./packed-saes.ts";
import { jsonOf } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";

vi.setConfig({ testTimeout: 60_000 });

const examples = fileURLToPath(new URL("../../../examples", import.meta.url));
const modelFolder = join(examples, "tiny-lm");
const sae = join(examples, "pretrained", "topk.qsae.safetensors");
const folder = temporaryFolder();

beforeAll(async () => {
  const text = await readFile(join(modelFolder, "heldout.txt"), "utf8");
  await writeFile(folder.at("text.txt"), text.slice(0, 3_000));
  await writeFile(folder.at("short.txt"), "In the beginning");
  await writeFile(folder.at("narrow.qsae.safetensors"), encodePackedSae(nested(8)));
  const model = ["--model", join(modelFolder, "model.onnx"), "--text", folder.at("text.txt")];
  const harvested = await callMain(
    ["harvest", ...model, "--hook", "1", "--context", "64", "--out", folder.at("acts.safetensors")].concat(
      "--dtype",
      "float32",
    ),
  );
  expect(harvested, harvested.stderr).toMatchObject({ code: 0 });
});

const evaluate = (...args: readonly string[]) => callMain(["eval", "--sae", sae, ...args]);
const onText = () => ["--model", modelFolder, "--text", folder.at("text.txt"), "--context", "64"];

describe("qsae eval --model", () => {
  it("adds cross-entropy, CE recovered and KL, on the windows of the text; the hook is what the SAE says", async () => {
    const outcome = await evaluate(...onText(), "--json");
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    const figures = jsonOf(outcome) as Record<string, number> & { splice: Record<string, number> };
    const { splice } = figures;
    expect(splice).toMatchObject({
      model: join(modelFolder, "model.onnx"),
      hook: "/blocks.1/Add_3_output_0",
      ablation: "mean",
      window_length: 64,
      tokens: splice["windows"]! * 63,
    });
    expect(splice["ce_recovered"]).toBeGreaterThan(0.9);
    expect(splice["ce_recovered"]).toBeLessThan(1);
    expect(splice["kl_spliced"]).toBeLessThan(splice["kl_ablated"]!);
    // Without --data, the rest is measured on the activations of the same windows.
    expect(figures).toMatchObject({ text: [folder.at("text.txt")], tokens: splice["windows"]! * 63 });
    expect(figures["fvu"]).toBeLessThan(0.2);
    expect(figures).not.toHaveProperty("data");
  });

  it("takes the windows that --data was harvested on, where there is no text", async () => {
    const data = ["--data", folder.at("acts.safetensors"), "--model", modelFolder, "--json"];
    const [byData, byText] = [jsonOf(await evaluate(...data)), jsonOf(await evaluate(...onText(), "--json"))];
    expect(byData["splice"]).toEqual(byText["splice"]);
    expect(byData["fvu"]).toBe(byText["fvu"]);
    expect(byData["data"]).toBe(folder.at("acts.safetensors"));
  });

  it("prints a line for each, with what it was measured on", async () => {
    const { stdout } = await evaluate(...onText(), "--windows", "2", "--ablation", "zero");
    expect(stdout).toMatch(/^CE recovered {5}0\.\d{4} of what zero ablation costs, at \/blocks\.1\/Add_3_output_0$/m);
    expect(stdout).toMatch(/^cross-entropy {4}\d\.\d{4} clean, \d\.\d{4} with the SAE, \d+\.\d{4} ablated/m);
    expect(stdout).toMatch(/^KL from clean {4}\d\.\d{4} with the SAE, \d+\.\d{4} ablated$/m);
    expect(stdout).toMatch(/^in the model {5}126 predicted tokens, 2 windows of 64$/m);
    expect(stdout).toMatch(/in 126 tokens/);
  });

  it("says what is missing, too short, of another width or not there", async () => {
    const refusal = async (...args: readonly string[]): Promise<string> => {
      const { code, stderr } = await evaluate(...args);
      expect(code).not.toBe(0);
      return stderr;
    };
    const data = ["--data", folder.at("acts.safetensors")];
    expect(await refusal(...data, "--hook", "1")).toMatch(/--hook: --model PATH is missing/);
    expect(await refusal(...data, "--model", modelFolder, "--context", "64")).toMatch(
      /--context: --text FILE is missing/,
    );
    expect(await refusal(...data, "--model", modelFolder, "--target", "x")).toMatch(/a transcoder \(--target\)/);
    expect(await refusal(...onText(), "--hook", "layers.1")).toMatch(/no tensor "layers.1"; nearest: /);
    expect(await refusal("--model", modelFolder, "--text", folder.at("short.txt"))).toMatch(/fewer than one window/);
    expect(await refusal(...onText(), "--ablation", "noise")).toMatch(/Allowed choices are mean, zero/);
    expect(await refusal(...data, "--model", folder.at("."))).toMatch(/no ONNX model in this folder/);
    expect(await refusal("--model", modelFolder)).toMatch(/--data FILE is missing/);
  });

  it("wants the hook where the SAE does not say it, and names the width where it is another", async () => {
    const narrow = (...args: readonly string[]) =>
      callMain(["eval", "--sae", folder.at("narrow.qsae.safetensors"), ...onText(), ...args]);
    expect((await narrow()).stderr).toMatch(/--hook NAME is missing, and the SAE does not say/);
    expect((await narrow("--hook", "1")).stderr).toMatch(/width d_in=8, but the data .* have width 128/);
  });

  it("asks for one model where a folder has several", async () => {
    for (const name of ["a.onnx", "b.onnx"]) await copyFile(join(modelFolder, "model.onnx"), folder.at(name));
    const { stderr } = await evaluate("--model", folder.at("."), "--text", folder.at("text.txt"));
    expect(stderr).toMatch(/has the models a\.onnx, b\.onnx; give the path of one/);
  });
});
