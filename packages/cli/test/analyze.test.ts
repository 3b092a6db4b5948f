/** `qsae analyze`: what it says and writes, in both spellings, alone, beside a reference and in a language model. */
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { normals } from "@qsae/core";
import { encodePackedSae, encodeSafetensors } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { dead, exact, mixed, nested, single, stackOfTwo } from "./packed-saes.ts";
import { jsonOf } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, writeTinyActivations } from "./tiny-activations.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const before = process.cwd();
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../data/test/fixtures/${name}.pth`, import.meta.url));
const examples = fileURLToPath(new URL("../../../examples", import.meta.url));
const pretrained = (name: string): string => join(examples, "pretrained", `${name}.qsae.safetensors`);

beforeAll(async () => {
  process.chdir(folder.at());
  await writeTinyActivations("heldout.safetensors", { tokens: 300, seed: 2 });
  for (const [name, sae] of Object.entries({
    stack: stackOfTwo(D_IN),
    nested: nested(D_IN),
    mixed: mixed(D_IN),
    exact: exact(D_IN),
    dead: dead(D_IN, 8),
    alone: dead(D_IN, 1),
    single: single(D_IN),
  })) {
    await writeFile(`${name}.qsae.safetensors`, encodePackedSae(sae));
  }
  await copyFile(fixture("baseline"), "baseline.pth");
  await copyFile(fixture("binary"), "binary.pth");
  const acts = { activations: { shape: [64, 3], data: normals(64 * 3, 1, 3) } };
  await writeFile("acts.safetensors", encodeSafetensors(acts));
});
afterAll(() => process.chdir(before));

type Figures = Record<string, Record<string, unknown>>;

async function analyze(...args: readonly string[]): Promise<{ stdout: string; saes: readonly Figures[]; out: string }> {
  const words = await callMain(["analyze", ...args]);
  expect(words, words.stderr).toMatchObject({ code: 0 });
  const json = jsonOf(await callMain(["analyze", ...args, "--json"]));
  expect(JSON.stringify(json)).not.toMatch(/null/); // JSON has no NaN: it would be null
  return { stdout: words.stdout, saes: json["saes"] as readonly Figures[], out: json["out"] as string };
}

describe("the spelling of the Python reference", () => {
  const theirs = [
    "--model_path",
    "baseline.pth",
    "--sae_type",
    "baseline",
    "--k",
    "4",
    "--data_path",
    "acts.safetensors",
  ];

  it("gives what ours gives, into a file that is named after the SAE", async () => {
    const { stdout, saes, out } = await analyze(...theirs);
    expect(out).toBe(join(process.cwd(), "baseline-report.html"));
    expect(stdout).toMatch(/^wrote baseline-report\.html$/m);
    expect(await readFile("baseline-report.html", "utf8")).toMatch(/^<!doctype html>/);
    const ours = await analyze("--sae", "baseline.pth,variant=baseline,k=4", "--data", "acts.safetensors");
    const figures = ({ tokens_per_second: _, ...others }: Figures) => others;
    expect(saes.map(figures)).toEqual(ours.saes.map(figures));
    expect(saes).toMatchObject([{ sae: "baseline.pth,variant=baseline,k=4", l0: 4 }]);
  });

  it("knows its names of types and of k", async () => {
    const { saes } = await analyze(
      ...["--model_path", "binary.pth", "--sae_type", "b_sae", "--gamma", "1.5", "--top_k", "2"],
      ...["--data_path", "acts.safetensors", "--out", "binary.html"],
    );
    expect(saes).toMatchObject([{ sae: "binary.pth,variant=binary,gamma=1.5,k=2", l0: 2 }]);
  });

  it("is in the help, but not in the list of options", async () => {
    const { stdout } = await callMain(["analyze", "--help"]);
    expect(stdout).toContain("qsae analyze --model_path sae.pth --sae_type baseline --k 32 --data_path");
    expect(stdout).not.toMatch(/^ {2}--model_path/m);
  });

  it.each([
    [["--sae", "x"], "--model_path baseline.pth and --sae x are two spellings of one option; give one of them"],
    [["--data", "x"], "--data_path acts.safetensors and --data x are two spellings"],
  ])("is not mixed with ours: %j", async (args, says) => {
    const { code, stderr } = await callMain(["analyze", ...theirs, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: [^\n]+\n$/);
    expect(stderr).toContain(says);
  });

  it.each([
    [
      ["--model_path", "baseline.pth", "--sae_type", "vanilla"],
      2,
      'unknown sae_type "vanilla"; allowed: baseline, binary,',
    ],
    [
      ["--model_path", "baseline.pth", "--sae_type", "t_sae"],
      1,
      "is no ternary: names and shapes fit baseline, binary-latent",
    ],
    [["--model_path", "baseline.pth"], 1, "the file does not say which; give baseline.pth,variant=baseline,k=8 or"],
    [["--sae", "baseline.pth", "--sae_type", "baseline"], 2, "--sae_type baseline: --model_path FILE is missing"],
    [["--model_path", "none.pth", "--sae_type", "baseline"], 1, "none.pth: no such file or folder; expected an SAE"],
    [["--model_path", "baseline.pth", "--k", "0"], 2, "Expected a whole number of at least 1"],
    [[], 2, "analyze: --sae PATH is missing; see qsae analyze --help"],
  ])("refuses %j", async (args, code, says) => {
    const outcome = await callMain(["analyze", ...args, "--data_path", "acts.safetensors"]);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(/^error: [^\n]+\n$/);
    expect(outcome.stderr).toContain(says);
  });
});

describe("qsae analyze", () => {
  const data = ["--data", "heldout.safetensors", "--out", "report.html"];

  it("says of a float SAE what is left of it in few bits, and of what was made from it the same", async () => {
    const float = "exact.qsae.safetensors";
    const made = [
      "quantize",
      "--sae",
      float,
      "--encoder",
      "ternary",
      "--decoder",
      "int4",
      "--out",
      "int4.qsae.safetensors",
    ];
    expect(await callMain(made)).toMatchObject({ code: 0 });
    const { saes, stdout } = await analyze(
      "--sae",
      float,
      "--sae",
      "int4.qsae.safetensors",
      "--reference",
      float,
      ...data,
    );
    const widths = saes[0]!["rounded"] as unknown as readonly {
      quantizer: string;
      bits_per_weight: number;
      fvu: number;
    }[];
    expect(widths.map(({ quantizer }) => quantizer)).toEqual(
      ["binary", "ternary", "centered-int2", "int3", "int4", "int5", "int6", "int8"], // prettier-ignore
    );
    expect(widths.at(-1)!.bits_per_weight).toBeGreaterThan(widths[1]!.bits_per_weight);
    expect(widths.at(-1)!.fvu).toBeLessThan(1e-3);
    expect(widths[0]!.fvu).toBeGreaterThan(0.1);
    expect(widths).toMatchObject(widths.map(() => ({ tokens: 300 })));
    expect(saes[0]!["fvu"]).toBe(0);
    expect(saes[1]!["rounded"]).toEqual(widths);
    expect(stdout).toMatch(/^\(300 tokens\) +binary +ternary .*\nexact( +\d+\.\d{4}){8}\n\n/m);
    // the reference is one of them: analysed once, and compared with nothing
    expect(saes[0]).not.toHaveProperty("reference");
    expect(saes[1]!["reference"]).toMatchObject({ name: "exact", output_error: expect.any(Number) as number });
  });

  it("compares with a reference of other latents as far as that goes", async () => {
    const { saes, stdout } = await analyze(
      "--sae",
      "mixed.qsae.safetensors",
      "--reference",
      "nested.qsae.safetensors",
      ...data,
    );
    const [{ reference }] = saes as [Figures];
    expect(Object.keys(reference!)).toEqual(["name", "cosines", "output_error"]);
    expect(stdout).toMatch(/^mixed +0\.\d{3} +\d+\.\d % +- +\d+\.\d{4} +- +-$/m);
  });

  it.each(["dead", "alone", "single"])("has a finite figure or none of an odd SAE: %s", async (name) => {
    const odd = `${name}.qsae.safetensors`;
    for (const args of [
      ["--sae", odd],
      ["--sae", odd, "--reference", "exact.qsae.safetensors"],
      ["--sae", "mixed.qsae.safetensors", "--reference", odd],
    ]) {
      const { stdout } = await analyze(...args, ...data);
      expect(stdout + (await readFile("report.html", "utf8"))).not.toMatch(/NaN|Infinity|undefined/);
    }
    const compared = await callMain(["compare", odd, "exact.qsae.safetensors", odd, ...data.slice(0, 2), "--json"]);
    expect(compared, compared.stderr).toMatchObject({ code: 0 });
    expect(compared.stdout).not.toMatch(/null/);
  });

  it("puts several SAEs into a language model in one pass, at the hook they say", async () => {
    const text = await readFile(join(examples, "tiny-lm", "heldout.txt"), "utf8");
    await writeFile("text.txt", text.slice(0, 3_000));
    const model = [
      "--model",
      join(examples, "tiny-lm"),
      "--text",
      "text.txt",
      "--context",
      "64",
      "--out",
      "report.html",
    ];
    const { saes, stdout } = await analyze("--sae", pretrained("topk"), "--sae", pretrained("ternary"), ...model);
    for (const [i, name] of ["topk", "ternary"].entries()) {
      const alone = jsonOf(await callMain(["eval", "--sae", pretrained(name), ...model.slice(0, -2), "--json"]));
      expect(saes[i]!["cross_entropy"]).toEqual(alone["splice"]);
      expect(saes[i]!["fvu"]).toBe(alone["fvu"]);
    }
    expect(stdout).toMatch(/^topk +0\.9\d{3} +\d\.\d{4} +0\.\d{4} +0\.\d{4}$/m);
    expect(stdout).toMatch(/^cross-entropy: \d\.\d{4} clean, \d\.\d{4} with mean ablation/m);
    const page = await readFile("report.html", "utf8");
    expect(page).toContain("/blocks.1/Add_3_output_0");
  });

  it("asks for the hook where SAEs say none or different ones", async () => {
    const model = ["--model", join(examples, "tiny-lm"), "--text", "text.txt"];
    const none = await callMain([
      "analyze",
      "--sae",
      "mixed.qsae.safetensors",
      "--sae",
      "nested.qsae.safetensors",
      ...model,
    ]);
    expect(none.stderr).toContain("--hook NAME is missing, and the SAEs do not say where their activations come from");
    const elsewhere = { ...nested(128), description: { ...nested(128).description, provenance: { hook: "blocks.2" } } };
    await writeFile("elsewhere.qsae.safetensors", encodePackedSae(elsewhere));
    const both = ["analyze", "--sae", pretrained("topk"), "--sae", "elsewhere.qsae.safetensors", ...model];
    expect((await callMain(both)).stderr).toMatch(/say different ones \(topk: .*, elsewhere: blocks\.2\)/);
  });

  it("writes where it is told, and says no before it works where that is no web page", async () => {
    expect(await callMain(["analyze", "--sae", "none", "--out", "report.pdf"])).toMatchObject({ code: 2 });
    const { out } = await analyze(
      "--sae",
      "stack.qsae.safetensors",
      "--data",
      "heldout.safetensors",
      "--out",
      "deep/er/x.htm",
    );
    expect(await readFile(out, "utf8")).toContain("stack");
  });

  it("shows where latents fire in text, and writes numbers and charts into files", async () => {
    const text = await readFile(join(examples, "tiny-lm", "heldout.txt"), "utf8");
    await writeFile("short.txt", text.slice(0, 3_000));
    const model = ["--model", join(examples, "tiny-lm", "model.onnx"), "--hook", "blocks.1"];
    const harvest = [...model, "--text", "short.txt", "--context", "64", "--out", "short.safetensors"];
    const harvested = await callMain(["harvest", "--tokenizer", join(examples, "tiny-lm"), ...harvest]);
    expect(harvested, harvested.stderr).toMatchObject({ code: 0 });
    const files = ["--out", "texts.html", "--json-out", "texts.json", "--charts", "charts"];
    const saes = ["--sae", pretrained("ternary"), "--reference", pretrained("topk")];
    const tokens = ["--data", "short.safetensors", "--tokenizer", join(examples, "tiny-lm")];
    const { stdout } = await analyze(...saes, ...tokens, ...files);

    expect(stdout).toMatch(/^wrote texts\.html, texts\.json, \d+ charts in charts$/m);
    expect(await readFile("texts.html", "utf8")).toContain("Number, or text in contexts");
    const json = JSON.parse(await readFile("texts.json", "utf8")) as { saes: Figures[]; left_out: string[] };
    expect(json.saes[0]).toMatchObject({ name: "ternary", latents: { neighbours: { per_latent: 5 } } });
    expect(json.left_out).toEqual(["saes[0].latents.contexts", "saes[0].latents.reference.contexts"]);
    const charts = await readdir("charts");
    expect(charts).toContain("ternary-latent-density.svg");
    for (const svg of charts.filter((name) => name.endsWith(".svg"))) {
      expect(charts).toContain(svg.replace(/svg$/, "png"));
    }
  });

  it("shows tokens by number where there is no tokenizer", async () => {
    await analyze("--sae", pretrained("topk"), "--data", "short.safetensors", "--out", "numbers.html");
    expect(await readFile("numbers.html", "utf8")).toContain("Number, or text in contexts");
  });
});
