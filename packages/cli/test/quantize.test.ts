/** `qsae quantize` with every method, on a small SAE: what it writes, says and refuses. */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { arraySource, openBackend, train } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { decodePackedSae, encodePackedSae, encodeSafetensors } from "@qsae/runtime";
import { variantByName } from "@qsae/variants";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { stackOfTwo } from "./packed-saes.ts";
import { jsonOf, startCli } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, tinyActivations, writeTinyActivations } from "./tiny-activations.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const before = process.cwd();
const D_SAE = 48;

beforeAll(async () => {
  process.chdir(folder.at());
  await writeTinyActivations("train.safetensors");
  await writeTinyActivations("heldout.safetensors", { tokens: 400, seed: 2 });
  await writeFile(
    "narrow.safetensors",
    encodeSafetensors({ activations: { shape: [100, 8], data: new Float32Array(800).fill(1) } }),
  );
  await writeFile("sae.qsae.safetensors", encodePackedSae(await trainedSae()));
  await writeFile("stack.qsae.safetensors", encodePackedSae(stackOfTwo(D_IN)));
});
afterAll(() => process.chdir(before));

async function trainedSae() {
  const backend = await openBackend("auto");
  const variant = variantByName("topk", { d_in: D_IN, d_sae: D_SAE, k: 3 }, { resolveQuantizer: quantizersByName() });
  const source = arraySource(tinyActivations(2048, 1), D_IN);
  const training = { steps: 120, batch_size: 256, lr: 0.01, checkpoint_every: 120 };
  const { checkpoint } = await train({ backend, variant, source, training });
  return variant.lower(backend.ops, checkpoint.tensors);
}

const aNumber = expect.any(Number) as unknown;
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const data = ["--data", "train.safetensors"];
const heldout = ["--heldout", "heldout.safetensors"];
const quantize = (...args: readonly string[]) => callMain(["quantize", "--sae", "sae.qsae.safetensors", ...args]);

interface Side extends Record<string, number> {
  readonly bytes: number;
  readonly fvu: number;
  readonly decoder_bits: number;
}

async function quantized(...args: readonly string[]) {
  const out = `${args.join("").replace(/\W/g, "")}.qsae.safetensors`;
  const outcome = await quantize(...args, "--out", out, "--json");
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  expect(outcome.stdout.split("\n")).toHaveLength(2);
  const json = jsonOf(outcome) as Record<string, unknown> & { before: Side; after: Side };
  const file = await readFile(out);
  expect(json.after.bytes).toBe(file.length);
  return { ...outcome, json, file, sae: decodePackedSae(file, out) };
}

describe("methods", () => {
  const ternary = ["--decoder", "ternary", ...heldout];

  it("rtn without data; gptq with, better at the same bits, its figures those that eval gives", async () => {
    const rtn = await quantized(...ternary);
    expect(rtn.json).toMatchObject({ method: "rtn", decoder: "ternary", heldout: "heldout.safetensors" });
    const gptq = await quantized(...ternary, ...data);
    expect(gptq.json).toMatchObject({
      ...{ method: "gptq", decoder: "ternary", data: "train.safetensors", calibration_tokens: 2048, rotate: false },
      before: { decoder_bits: 32, tokens: 400 },
      after: { decoder_bits: 3, encoder_bits: 32, l0: 3, tokens: 400 },
      support: { overlap: aNumber, changed_tokens: aNumber, tokens: 400, on: "heldout" },
      seconds: aNumber,
    });
    expect(gptq.json.after.fvu).toBeLessThan(rtn.json.after.fvu);
    expect(gptq.json.after.fvu).toBeGreaterThan(gptq.json.before.fvu);
    expect(gptq.sae.description.metrics["fvu"]).toBe(gptq.json.after.fvu);
    await writeFile("gptq.qsae.safetensors", gptq.file);
    const evaluated = await callMain([
      "eval",
      "--sae",
      "gptq.qsae.safetensors",
      "--data",
      "heldout.safetensors",
      "--json",
    ]);
    expect(jsonOf(evaluated)["fvu"]).toBe(gptq.json.after.fvu);
  });

  it("tune and two-phase train, with progress on one bar and the steps given", async () => {
    const both = ["--encoder", "ternary", "--decoder", "ternary", ...heldout, ...data];
    const rtn = await quantized(...both, "--method", "rtn");
    const short = ["--steps", "90", "--batch-size", "128", "--seed", "3"];
    for (const method of ["tune", "two-phase"]) {
      const { json, stderr, sae } = await quantized(...both, "--method", method, ...short);
      expect(json).toMatchObject({ method, encoder: "ternary", steps: 90, batch_size: 128, seed: 3 });
      expect(json.after.fvu).toBeLessThan(rtn.json.after.fvu);
      expect(stderr.match(new RegExp(`^${method}: 100 %, .*FVU`, "gm"))).toHaveLength(1);
      expect(sae.description.provenance["encoder_quantized"]).toMatch(
        new RegExp(`^ternary by ${method}, 2048 calibration tokens, 90 steps of 128 tokens, data train.safetensors `),
      );
    }
  });

  it("says in words what became of it; two sides quantized one after the other both keep how", async () => {
    const outcome = await quantize(
      "--encoder",
      "int3",
      ...data,
      ...heldout,
      "--rotate",
      "--out",
      "one.qsae.safetensors",
    );
    expect(outcome.stdout).toMatch(/file +encoder bits +decoder bits +FVU +L0\n *before .*\n *after /);
    expect(outcome.stdout).toMatch(
      /latents that fire: \d+\.\d % are the same; others on \d+\.\d % of 400 held-out tokens/,
    );
    expect(outcome.stdout).toMatch(
      /wrote one.qsae.safetensors \(gptq, rotated, encoder int3; [\d.]+ s; [\d.]+ times smaller\)/,
    );
    const second = [
      "quantize",
      "--sae",
      "one.qsae.safetensors",
      "--decoder",
      "int4/8",
      "--out",
      "two.qsae.safetensors",
    ];
    expect(await callMain(second)).toMatchObject({ code: 0 });
    const { provenance, metrics } = decodePackedSae(await readFile("two.qsae.safetensors"), "two").description;
    expect(provenance).toMatchObject({
      encoder_quantized: matching(
        /^int3 by gptq, 2048 calibration tokens, data train.safetensors \(activations, rows 0\.\.2048 of 2048\), seed 0, qsae \d/,
      ),
      decoder_quantized: matching(/^int4\/8 by rtn, qsae \d/),
      rotated: "seed 0",
    });
    expect(metrics).toEqual({});
    // the other side stays as it is stored
    const third = [
      "quantize",
      "--sae",
      "two.qsae.safetensors",
      "--decoder",
      "ternary",
      ...data,
      "--out",
      "x.qsae.safetensors",
    ];
    const { encoder_bits: bits } = jsonOf(await callMain([...third, "--json"]))["after"] as { encoder_bits: number };
    expect(bits).toBe(3 + 1); // d_in = 16: a scale is a bit per weight
  });

  it("without held-out data, fires are compared on the data", async () => {
    const { json, sae } = await quantized("--decoder", "int4", ...data, "--calibration-tokens", "500");
    expect(json).toMatchObject({ calibration_tokens: 500, support: { on: "data", tokens: 2048 } });
    expect(json.after).not.toHaveProperty("fvu");
    expect(sae.description.metrics).toEqual({});
  });

  it("the same options give the same file; rtn takes a stack of stages", async () => {
    const [a, b] = [await quantized("--decoder", "ternary", ...data), await quantized(...data, "--decoder", "ternary")];
    expect(a.file.equals(b.file)).toBe(true);
    const stack = [
      "quantize",
      "--sae",
      "stack.qsae.safetensors",
      "--decoder",
      "int4",
      "--out",
      "stack4.qsae.safetensors",
    ];
    expect(await callMain(stack)).toMatchObject({ code: 0 });
  });
});

describe("--bits", () => {
  it("is mixed precision within the budget: gptq by default, better than rtn", async () => {
    const budget = ["--bits", "3.5", ...data, ...heldout]; // d_in = 16: a scale is 1 bit per weight
    const rtn = await quantized(...budget, "--method", "rtn");
    const gptq = await quantized(...budget);
    expect(gptq.json).toMatchObject({
      ...{ method: "gptq", bits: 3.5, importance_tokens: 2048, decoder: { quantizer: "mixed", shape: [D_SAE, D_IN] } },
    });
    expect(gptq.json.after.decoder_bits).toBeLessThanOrEqual(3.5);
    expect(gptq.json.after.decoder_bits).toBeGreaterThan(3);
    expect(gptq.json.after.fvu).toBeLessThan(rtn.json.after.fvu);
    expect(gptq.sae.description.provenance["decoder_quantized"]).toMatch(
      /^mixed at 3.5 bits by gptq, 2048 calibration tokens, importance on 2048 tokens, data train/,
    );
  });

  it("goes with an encoder's quantizer and training; a table says how many atoms have which width", async () => {
    const args = [
      "--bits",
      "4",
      "--encoder",
      "int8",
      ...data,
      "--method",
      "tune",
      "--steps",
      "5",
      "--batch-size",
      "64",
    ];
    const { stdout, stderr, code } = await quantize(...args, "--out", "tuned.qsae.safetensors");
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/stage +mixed +quantizer +bits +latents/);
    expect(stdout).toContain("(tune, encoder int8, decoder mixed at 4 bits; ");
  });
});

describe("transcoders and configurations", () => {
  it("reconstructs targets, and wants them on both sides", async () => {
    const pair = [...data, "--target", "train.safetensors", ...heldout];
    const half = await quantize("--decoder", "int4", ...pair, "--out", "x");
    expect(half).toMatchObject({ code: 2 });
    expect(half.stderr).toMatch(/quantize: --target train.safetensors is given, but --heldout-target FILE is missing/);
    const { json } = await quantized("--decoder", "int4", ...pair, "--heldout-target", "heldout.safetensors");
    const plain = await quantized("--decoder", "int4", ...data, ...heldout);
    expect(json.after.fvu).toBeCloseTo(plain.json.after.fvu, 6);
  });

  it("takes files of the configuration where a method needs data, and only then", async () => {
    await writeFile("own.json", JSON.stringify({ data: "train.safetensors", heldout: "heldout.safetensors" }));
    const config = ["--decoder", "int4", "--config", "own.json"];
    expect((await quantized(...config)).json).not.toHaveProperty("data");
    const gptq = (await quantized(...config, "--method", "gptq")).json;
    expect(gptq).toMatchObject({ data: "train.safetensors", heldout: "heldout.safetensors" });
  });
});

describe("what does not go together", () => {
  const int4 = ["--decoder", "int4"];
  beforeAll(() => mkdir("some-folder"));

  it.each([
    [["--out", "x"], /nothing to do; give --encoder QUANTIZER, .* or --bits BUDGET/],
    [[...int4, "--method", "gtpq"], /unknown method "gtpq".*allowed: rtn, gptq, tune, two-phase/],
    [["--decoder", "int9"], /unknown quantizer "int9"; allowed: /],
    [
      ["--decoder", "int4/7", ...data],
      /rows of 16 weights cannot be split into groups of 7; use a group size that divides 16/,
    ],
    [
      [...int4, "--method", "rtn", "--steps", "5"],
      /--steps 5 does nothing with --method rtn; leave it out, or take --method tune or two-phase/,
    ],
    [[...int4, ...data, "--batch-size", "5"], /--batch-size 5 does nothing with --method gptq/],
    [
      [...int4, "--calibration-tokens", "5"],
      /--calibration-tokens 5 does nothing with --method rtn; .* gptq or tune or two-phase/,
    ],
    [
      [...int4, ...data, "--method", "two-phase"],
      /two-phase quantizes both sides, but --encoder QUANTIZER is missing; .* --method tune for one side/,
    ],
    [[...int4, "--method", "tune"], /--method tune needs activations to look at; give --data FILE .*, or leave it out/],
    [["--bits", "2"], /--bits 2 needs activations to look at; give --data FILE/],
    [
      ["--bits", "2", ...int4, ...data],
      /--bits 2 gives each atom a quantizer of its own, --decoder int4 the same to all; give one of them/,
    ],
    [
      ["--bits", "2", "--method", "two-phase", "--encoder", "int4", ...data],
      /--bits 2 does not go with --method two-phase; allowed with it: rtn, gptq, tune/,
    ],
    [["--bits", "0.01", ...data], /a budget of 0.01 bits per weight is too small/],
    [["--bits", "0", ...data], /option '--bits <budget>' argument '0' is invalid. Expected a number above 0/],
    [[...int4, "--target", "train.safetensors"], /--target train.safetensors is given, but --data FILE is missing/],
    [[...int4, "--heldout-target", "h"], /--heldout-target h is given, but --heldout FILE is missing/],
    [
      [...int4, "--data", "narrow.safetensors"],
      /--data narrow.safetensors has activations of width d_in=8, the SAE d_in=16/,
    ],
    [[...int4, "--heldout", "narrow.safetensors"], /--heldout narrow.safetensors has activations of width d_in=8/],
    [[...int4, ...data, "--out", "./train.safetensors"], /--out is a file of activations that is read/],
    [[...int4, "--out", "some-folder"], /--out is a folder; name a file/],
    [[...int4, "--out", "sae.qsae.safetensors"], /--out is the SAE itself/],
    [[...int4, "--backend", "gpu"], /unknown backend "gpu"; allowed: auto, wasm, webgpu, cuda, tensorflow, cpu/],
  ])("%j", async (args, says) => {
    const out = args.includes("--out") ? [] : ["--out", "never.qsae.safetensors"];
    const outcome = await quantize(...args, ...out);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(says);
    expect(outcome.stderr.trim().split("\n").at(-1)).toMatch(/^error: /);
    expect(existsSync("never.qsae.safetensors")).toBe(false);
  });

  it("a stack of stages with a method that trains or calibrates", async () => {
    const args = ["quantize", "--sae", "stack.qsae.safetensors", ...data, "--out", "never.qsae.safetensors"];
    for (const what of [int4, ["--bits", "3"]]) {
      const outcome = await callMain([...args, ...what]);
      expect(outcome).toMatchObject({ code: 2 });
      expect(outcome.stderr).toMatch(/this SAE has 2 stages, .* \(method rtn takes any\)/);
    }
  });
});

it("Ctrl-C stops with exit code 130 and leaves no file", async () => {
  const args = ["quantize", "--sae", "sae.qsae.safetensors", "--decoder", "ternary", ...data, "--method", "tune"];
  const { process: child, outcome } = startCli([...args, "--steps", "100000", "--out", "cut.qsae.safetensors"], {
    cwd: folder.at(),
  });
  let stderr = "";
  child.stderr.on("data", (text: string) => (stderr += text));
  while (!stderr.includes("tune, decoder ternary: looking at")) await sleep(20);
  await sleep(300);
  child.kill("SIGINT");
  const interrupted = await outcome;
  expect(interrupted).toMatchObject({ code: 130, stdout: "" });
  expect(interrupted.stderr).toContain("interrupted by SIGINT");
  expect(existsSync("cut.qsae.safetensors")).toBe(false);
});
