/** `qsae compare`: SAEs side by side, and what changes from the first to each of the others. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodePackedSae } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { exact, mixed, nested, stackOfTwo } from "./packed-saes.ts";
import { jsonOf } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, writeTinyActivations } from "./tiny-activations.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const before = process.cwd();
const examples = fileURLToPath(new URL("../../../examples", import.meta.url));
const pretrained = (name: string): string => join(examples, "pretrained", `${name}.qsae.safetensors`);
const data = ["--data", "heldout.safetensors"];

beforeAll(async () => {
  process.chdir(folder.at());
  await writeTinyActivations("heldout.safetensors", { tokens: 300, seed: 2 });
  const saes = {
    exact: exact(D_IN),
    nested: nested(D_IN),
    mixed: mixed(D_IN),
    stack: stackOfTwo(D_IN),
    wide: exact(8),
  };
  for (const [name, sae] of Object.entries(saes)) await writeFile(`${name}.qsae.safetensors`, encodePackedSae(sae));
  await callMain([
    "quantize",
    "--sae",
    "exact.qsae.safetensors",
    "--encoder",
    "int8",
    "--decoder",
    "binary",
    "--out",
    "binary.qsae.safetensors",
  ]);
});
afterAll(() => process.chdir(before));

type Figures = Record<string, Record<string, number>> & Record<string, number>;

async function compare(...args: readonly string[]): Promise<{ stdout: string; saes: readonly Figures[] }> {
  const words = await callMain(["compare", ...args]);
  expect(words, words.stderr).toMatchObject({ code: 0 });
  const json = jsonOf(await callMain(["compare", ...args, "--json"]));
  expect(JSON.stringify(json)).not.toMatch(/null/); // JSON has no NaN: it would be null
  return { stdout: words.stdout, saes: json["saes"] as readonly Figures[] };
}

describe("qsae compare", () => {
  it("gives the figures of each as eval does, and differences against the first", async () => {
    const files = ["exact.qsae.safetensors", "binary.qsae.safetensors", "nested.qsae.safetensors"];
    const { saes, stdout } = await compare(...files, ...data);
    for (const [i, file] of files.entries()) {
      const alone = jsonOf(await callMain(["eval", "--sae", file, ...data, "--json"]));
      for (const key of ["fvu", "l0", "dead", "dense", "shrinkage", "bits_per_weight", "bytes", "tokens"]) {
        expect(saes[i]![key], key).toBe(alone[key]);
      }
    }
    const [first, ...others] = saes as [Figures, ...Figures[]];
    expect(first).not.toHaveProperty("against_first");
    expect(first).not.toHaveProperty("reference");
    for (const other of others) {
      expect(other["against_first"]).toMatchObject({
        fvu: other["fvu"]! - first["fvu"]!,
        l0: other["l0"]! - first["l0"]!,
        dead: other["dead"]! - first["dead"]!,
        bits_per_weight: other["bits_per_weight"]! - first["bits_per_weight"]!,
        bytes: other["bytes"]! - first["bytes"]!,
        bytes_ratio: other["bytes"]! / first["bytes"]!,
      });
      expect(other["against_first"]!["tokens_per_second_ratio"]).toBeGreaterThan(0);
    }
    // as many latents as the first: the same ones, as far as shapes tell
    expect(others.map(({ reference }) => Object.keys(reference!).includes("support"))).toEqual([true, true]);
    expect(stdout).toMatch(/^against .*\nexact +FVU +L0 +dead +weight +file +speed$/m);
    expect(stdout).toMatch(/^binary +\+\d\.\d{4} .* x 0\.\d\d +x \d+\.\d\d$/m);
  });

  it("compares atoms and outputs of SAEs whose latents are others", async () => {
    const { saes, stdout } = await compare(
      "exact.qsae.safetensors",
      "stack.qsae.safetensors",
      "mixed.qsae.safetensors",
      ...data,
    );
    expect(Object.keys(saes[1]!["reference"]!)).toEqual(["name", "cosines", "output_error"]);
    expect(stdout).toMatch(/^mixed +0\.\d{3} +\d+\.\d % +- +\d+\.\d{4} +- +-$/m);
  });

  it("finds nothing changed in the same file twice, under numbered names", async () => {
    const { saes, stdout } = await compare("exact.qsae.safetensors", "./exact.qsae.safetensors", ...data);
    expect(saes).toMatchObject([{ name: "exact" }, { name: "exact (2)" }]);
    expect(saes[1]!["against_first"]).toMatchObject({
      fvu: 0,
      l0: 0,
      dead: 0,
      bits_per_weight: 0,
      bytes: 0,
      bytes_ratio: 1,
    });
    expect(saes[1]!["reference"]).toMatchObject({ output_error: 0, support: { overlap: 1 } });
    expect(stdout).toMatch(/^exact \(2\) +0\.0000 +0\.0 +0 +0\.00 +x 1\.00 +x \d+\.\d\d$/m);
  });

  it("compares them in a language model", async () => {
    const text = await readFile(join(examples, "tiny-lm", "heldout.txt"), "utf8");
    await writeFile("text.txt", text.slice(0, 3_000));
    const model = ["--model", join(examples, "tiny-lm"), "--text", "text.txt", "--context", "64"];
    const { saes, stdout } = await compare(pretrained("topk"), pretrained("ternary"), ...model);
    const [topk, ternary] = saes.map(({ cross_entropy: ce }) => ce!);
    expect(saes[1]!["against_first"]).toMatchObject({
      ce_recovered: ternary!["ce_recovered"]! - topk!["ce_recovered"]!,
      kl_spliced: ternary!["kl_spliced"]! - topk!["kl_spliced"]!,
    });
    expect(saes[1]!["against_first"]!["ce_recovered"]).toBeLessThan(0);
    expect(stdout).toMatch(/^ternary .* -0\.\d{4} +\+0\.\d{4}$/m);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  });

  it("writes a report of all where it is told, and none otherwise", async () => {
    const two = ["compare", "exact.qsae.safetensors", "nested.qsae.safetensors", ...data];
    const { stdout } = await callMain([...two, "--out", "compare.html", "--title", "Two & two"]);
    expect(stdout).toMatch(/^wrote compare\.html$/m);
    const page = await readFile("compare.html", "utf8");
    for (const words of ["Two &amp; two", "exact", "nested"]) expect(page).toContain(words);
    expect((await callMain(two)).stdout).not.toContain("wrote");
  });

  it("fits a narrow terminal", async () => {
    const { stdout } = await callMain(["compare", "exact.qsae.safetensors", "nested.qsae.safetensors", ...data], {
      COLUMNS: "50",
    });
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(50);
    expect(stdout).toContain("against exact: nested\n");
  });

  it.each([
    [["exact.qsae.safetensors", ...data], 2, "compare: only exact.qsae.safetensors is given; give two or more SAEs"],
    [[...data], 2, "missing required argument 'sae'"],
    [
      ["exact.qsae.safetensors", "wide.qsae.safetensors", ...data],
      2,
      "compare: exact reads activations of width d_in=16, wide of d_in=8; compare SAEs of the same activations",
    ],
    [
      ["wide.qsae.safetensors", "wide.qsae.safetensors", ...data],
      2,
      "the SAE reads activations of width d_in=8, but the data",
    ],
    [["exact.qsae.safetensors", "none", ...data], 1, "none: no such file or folder; expected an SAE"],
    [["exact.qsae.safetensors", "nested.qsae.safetensors"], 2, "compare: --data FILE is missing"],
    [
      ["exact.qsae.safetensors", "nested.qsae.safetensors", ...data, "--out", "x.pdf"],
      2,
      "expected a name ending in .html",
    ],
    [
      ["exact.qsae.safetensors", "nested.qsae.safetensors", ...data, "--hook", "1"],
      2,
      "--hook: --model PATH is missing",
    ],
  ])("refuses %j", async (args, code, says) => {
    const outcome = await callMain(["compare", ...args]);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(/^error: [^\n]+\n$/);
    expect(outcome.stderr).toContain(says);
  });
});
