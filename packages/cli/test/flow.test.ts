/** A small project from data to report, every step through the command line. */
import { readFile, rm } from "node:fs/promises";
import { readCheckpoint } from "@qsae/data";
import { decodePackedSae } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { catalogOf } from "../src/catalog.ts";
import { readWarmStart } from "../src/runs/warm-start.ts";
import { callMain } from "./call-main.ts";
import { jsonOf, runCli, type Outcome } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, writeTinyActivations } from "./tiny-activations.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const before = process.cwd();

beforeAll(async () => {
  process.chdir(folder.at());
  await writeTinyActivations("train.safetensors");
  await writeTinyActivations("heldout.safetensors", { tokens: 600, seed: 2 });
});
afterAll(() => process.chdir(before));

async function succeed(...args: readonly string[]): Promise<Outcome & { readonly json: Record<string, unknown> }> {
  const outcome = await callMain([...args, "--json"]);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  expect(outcome.stdout.split("\n")).toHaveLength(2); // the object and a line break: nothing else under --json
  return { ...outcome, json: jsonOf(outcome) };
}

type Figures = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const shape = ["--d-sae", "64", "--k", "3"];

describe("train -> quantize -> eval -> analyze -> inspect", () => {
  it("trains, and writes checkpoint, metrics, configuration and the packed SAE", async () => {
    const data = ["--data", "train.safetensors", "--heldout", "heldout.safetensors"];
    const length = ["--steps", "150", "--batch-size", "256", "--lr", "0.01", "--checkpoint-every", "40"];
    const { json } = await succeed(
      "train",
      ...data,
      "--variant",
      "baseline",
      ...shape,
      ...length,
      "--out",
      "runs/float",
    );
    expect(json).toMatchObject({ variant: "baseline", steps: 150, d_in: D_IN, d_sae: 64, bits_per_weight: 32 });

    const packed = await readFile("runs/float/sae.qsae.safetensors");
    expect(json["bytes"]).toBe(packed.length);
    const { metrics, provenance } = decodePackedSae(packed, "sae").description;
    expect(metrics).toEqual(json["heldout"]);
    expect(metrics["fvu"]).toBeLessThan(0.5);
    expect(provenance["file"]).toBe("train.safetensors");

    const steps = (await readFile("runs/float/metrics.jsonl", "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { step: number });
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 150 }, (_, i) => i + 1));
    expect(steps[0]).toMatchObject({ total_steps: 150, tokens: 256, l0: 3 });
    expect(Object.keys(steps[0]!)).toContain("batch_fvu");
    expect(JSON.parse(await readFile("runs/float/config.json", "utf8"))).toMatchObject({
      data: "../../train.safetensors",
      variant: { id: "baseline", d_in: D_IN, d_sae: 64, k: 3 },
      training: { steps: 150, batch_size: 256, lr: 0.01, seed: 0 },
    });
  });

  it("does not overwrite a run unless asked to", async () => {
    const again = [
      "train",
      "--data",
      "train.safetensors",
      "--variant",
      "baseline",
      ...shape,
      "--steps",
      "5",
      "--out",
      "runs/again",
    ];
    await succeed(...again);
    const refused = await callMain(again);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(
      /^error: runs.again holds a run already; give --resume .*, --overwrite .*, or another --out\n$/,
    );
    expect((await succeed(...again, "--overwrite")).json).toMatchObject({ steps: 5 });
  });

  it("makes the same run again from its stored configuration", async () => {
    await succeed("train", "--config", "runs/again/config.json", "--out", "runs/copy");
    const files = await Promise.all(["again", "copy"].map((run) => readFile(`runs/${run}/checkpoint.safetensors`)));
    expect(files[1]!.equals(files[0]!)).toBe(true);
  });

  it("starts from another SAE's weights, and says where it differs from it", async () => {
    const start = ["train", "--data", "train.safetensors", "--heldout", "heldout.safetensors", "--from", "runs/float"];
    const short = ["--steps", "1", "--lr", "1e-9", "--batch-size", "256"];
    const { json, stderr } = await succeed(
      ...start,
      "--variant",
      "baseline",
      "--k",
      "4",
      ...short,
      "--out",
      "runs/warm",
    );
    expect(stderr).toContain("note: k is 4; runs/float has 3");
    expect((json["heldout"] as { fvu: number }).fvu).toBeLessThan(0.5);
    expect((await readCheckpoint("runs/warm")).sae.provenance["from"]).toBe("float");
    const other = await callMain([...start, "--variant", "baseline", "--d-sae", "32", ...short, "--out", "runs/none"]);
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toMatch(/--from runs.float: d_in=16, d_sae=64, but this run has d_in=16, d_sae=32/);
  });

  it("rounds to smaller files; from a packed file as from a run", async () => {
    const round = ["--encoder", "int8", "--decoder", "ternary"];
    const { json } = await succeed("quantize", "--sae", "runs/float", ...round, "--out", "naive.qsae.safetensors");
    const { before: old, after } = json as { before: Record<string, number>; after: Record<string, number> };
    expect(old).toMatchObject({ bits_per_weight: 32 });
    // d_in = 16: 4 bytes of trits and an F16 scale per atom; 16 bytes and a scale per encoder row
    expect(after).toMatchObject({ decoder_bits: (8 * (4 + 2)) / 16, encoder_bits: (8 * (16 + 2)) / 16 });
    expect(after["bytes"]).toBe((await readFile("naive.qsae.safetensors")).length);

    await succeed("quantize", "--sae", "runs/float/sae.qsae.safetensors", ...round, "--out", "again.qsae.safetensors");
    expect((await readFile("again.qsae.safetensors")).equals(await readFile("naive.qsae.safetensors"))).toBe(true);
    expect(
      await callMain(["quantize", "--sae", "naive.qsae.safetensors", ...round, "--out", "./naive.qsae.safetensors"]),
    ).toMatchObject({ code: 2 });
  });

  it("starts from a packed file as from the run it is of", async () => {
    const catalog = catalogOf({});
    const ofFile = await readWarmStart("runs/float/sae.qsae.safetensors", catalog);
    const ofRun = await readWarmStart("runs/float", catalog);
    expect(ofFile).toEqual(ofRun);
    expect(ofRun.tensors).toEqual((await readCheckpoint("runs/float")).sae.tensors);
  });

  it("resumes a run that was killed before its first checkpoint from the beginning", async () => {
    await rm("runs/again/checkpoint.safetensors");
    await rm("runs/again/sae.qsae.safetensors");
    expect((await succeed("train", "--resume", "--out", "runs/again")).json).toMatchObject({ steps: 5 });
    const files = await Promise.all(["again", "copy"].map((run) => readFile(`runs/${run}/checkpoint.safetensors`)));
    expect(files[1]!.equals(files[0]!)).toBe(true);
  });

  it("evaluates a packed file, a run, a run's folder without the packed file, and a checkpoint alike", async () => {
    const evaluate = async (sae: string) => (await succeed("eval", "--sae", sae, "--data", "heldout.safetensors")).json;
    const packed = await evaluate("runs/float/sae.qsae.safetensors");
    expect(packed).toMatchObject({ kind: "packed", tokens: 600, d_in: D_IN, d_sae: 64, bits_per_weight: 32 });
    const figures = ({ fvu, l0, dead, tokens }: Record<string, unknown>) => ({ fvu, l0, dead, tokens });
    expect(figures(await evaluate("runs/float"))).toEqual(figures(packed));
    expect(figures(await evaluate("runs/float/checkpoint.safetensors"))).toEqual(figures(packed));
    await rm("runs/copy/sae.qsae.safetensors");
    expect(await evaluate("runs/copy")).toMatchObject({ kind: "checkpoint" });

    const naive = await evaluate("naive.qsae.safetensors");
    expect(naive["fvu"]).toBeGreaterThan(packed["fvu"] as number);
    expect(naive["bytes"]).toBe((await readFile("naive.qsae.safetensors")).length);
    expect(
      (await succeed("eval", "--sae", "runs/float", "--data", "heldout.safetensors", "--tokens", "100")).json,
    ).toMatchObject({ tokens: 100 });
  });

  it("reports: one page with the figures of each SAE, curves for those that were trained", async () => {
    const saes = ["--sae", "runs/float", "--sae", "naive.qsae.safetensors", "--sae", "naive.qsae.safetensors"];
    const { json } = await succeed(
      "analyze",
      ...saes,
      "--data",
      "heldout.safetensors",
      "--out",
      "report.html",
      "--title",
      "Round & round",
    );
    expect(json).toMatchObject({
      training_curves: ["float"],
      saes: [{ name: "float" }, { name: "naive" }, { name: "naive (2)" }],
    });
    const page = await readFile("report.html", "utf8");
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).toContain("Round &amp; round");
    expect(page).toContain('id="training"');
  });

  it("says what the latents are like, and what became of those of a reference", async () => {
    const data = ["--data", "heldout.safetensors", "--out", "report.html"];
    const { json } = await succeed("analyze", "--sae", "naive.qsae.safetensors", "--reference", "runs/float", ...data);
    const [{ reference, cosines, coactivation, l0_quantiles: l0 }] = json["saes"] as readonly [Figures];
    expect(l0!["max"]).toBeLessThanOrEqual(3);
    expect(l0!["p05"]).toBeGreaterThanOrEqual(l0!["min"] as number);
    expect(coactivation!["by_count"]).not.toEqual([]);
    expect(cosines).toMatchObject({ redundant_above: 0.9, zero_atoms: 0 });
    expect(reference).toMatchObject({ cosines: { same_above: 0.7 } });
    expect(reference!["support"]).toHaveProperty("overlap");
    expect(reference!["weights"]).toMatchObject([{ matrix: "encoder" }, { matrix: "dictionary" }]);
    expect(JSON.stringify(json)).not.toMatch(/null|NaN/); // JSON has no NaN: it would be null
    expect(await readFile("report.html", "utf8")).toContain("Quantization error per atom");

    const twice = ["--sae", "runs/float", "--sae", "naive.qsae.safetensors", "--reference", "runs/float"];
    const { code, stdout } = await callMain(["analyze", ...twice, ...data]);
    expect(code).toBe(0);
    const table = stdout.slice(stdout.indexOf("MMCS"), stdout.indexOf("FVU rounded to"));
    expect(table).toMatch(/naive +0\.\d{3} +\d+\.\d % +\d+\.\d % +\d\.\d{4} +0\.\d{4} +\d\.\d{4}\n/);
    expect(table).not.toContain("float");
  });

  it.each([
    ["runs/float", { kind: "run", finished: true, step: 150, total_steps: 150 }],
    ["runs/copy", { kind: "run", finished: false, sae: { kind: "checkpoint" } }],
    [
      "runs/float/checkpoint.safetensors",
      { kind: "checkpoint", variant: "baseline", step: 150, d_sae: 64, tensors: { W_enc: [16, 64] } },
    ],
    [
      "naive.qsae.safetensors",
      {
        kind: "packed",
        d_sae: 64,
        stages: [{ selection: "top 3", encoder: { quantizer: "int8" }, decoder: { quantizer: "ternary" } }],
      },
    ],
    ["heldout.safetensors", { kind: "activations", tokens: 600, d_in: D_IN }],
  ])("inspects %s", async (path, expected) => {
    expect((await succeed("inspect", path)).json).toMatchObject({ path, ...expected });
    const words = await callMain(["inspect", path]);
    expect(words.stdout).not.toContain("undefined");
  });

  it("prints tables that fit a narrow terminal", async () => {
    const report = [
      "analyze",
      "--sae",
      "naive.qsae.safetensors",
      "--data",
      "heldout.safetensors",
      "--out",
      "report.html",
    ];
    const { stdout } = await callMain(report, { COLUMNS: "40" });
    expect(stdout).toContain("bits per weight");
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(40);
  });

  it("prints without colour into a pipe, with it where it is asked for, and never under --no-color", async () => {
    const inspect = ["inspect", "naive.qsae.safetensors"];
    expect((await runCli(inspect)).stdout).not.toContain("\u001b");
    const asked = await callMain(inspect, { FORCE_COLOR: "1" });
    const refused = await callMain([...inspect, "--no-color"], { FORCE_COLOR: "1" });
    expect(asked.stdout).toContain("\u001b[1m");
    expect(refused.stdout).not.toContain("\u001b");
  });
});
