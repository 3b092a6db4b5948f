/** Whatever is wrong with the input: one line on stderr that says what, and the right exit code. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { encodeSafetensors } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { runCli, type Outcome } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, writeTinyActivations } from "./tiny-activations.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const cpu = ["--backend", "cpu"];

beforeAll(async () => {
  await writeTinyActivations(folder.at("acts.safetensors"));
  await writeTinyActivations(folder.at("nan.safetensors"), { change: (x) => (x[1234 * D_IN + 5] = NaN) });
  const whole = await readFile(folder.at("acts.safetensors"));
  await writeFile(folder.at("cut.safetensors"), whole.subarray(0, whole.length - 100));
  await writeFile(folder.at("words.safetensors"), "not a safetensors file at all, but a few words");
  await writeFile(
    folder.at("foreign.safetensors"),
    encodeSafetensors({ weight: { shape: [2, 2], data: new Float32Array(4) } }),
  );
  await mkdir(folder.at("empty"));
  await mkdir(folder.at("quickstart", "float"), { recursive: true });
});

/** Command line, exit code, what the line on stderr must say. */
type Case = readonly [args: readonly string[], code: number, says: RegExp];

const train = (...args: readonly string[]): readonly string[] => ["train", "--out", "run", ...cpu, ...args];

const usage: readonly Case[] = [
  [
    ["trian"],
    2,
    /unknown command 'trian' \(did you mean train\?\); allowed: quickstart, harvest, train, quantize, eval, analyze, compare, inspect, doctor$/,
  ],
  [["train", "--dsae", "8"], 2, /unknown option '--dsae' \(did you mean --d-sae\?\); allowed: .*--d-sae, .*--help$/],
  [["--json"], 2, /unknown option '--json'; allowed: --version, --help \(options of a command come after its name\)$/],
  [
    ["train", "--steps", "0"],
    2,
    /option '--steps <n>' argument '0' is invalid. Expected a whole number of at least 1$/,
  ],
  [["train", "--lr", "fast"], 2, /option '--lr <rate>' argument 'fast' is invalid. Expected a number above 0$/],
  [["eval"], 2, /required option '--sae <path>' not specified; usage: qsae eval --sae <path> \[options\]$/],
  [["inspect"], 2, /missing required argument 'path'; usage: qsae inspect <path> \[options\]$/],
  [["inspect", "a", "b"], 2, /too many arguments .*; usage: qsae inspect <path> \[options\]$/],
  [["harvest", "--dtype", "int8"], 2, /'int8' is invalid. Allowed choices are float16, float32$/],
  [["train"], 2, /--out FOLDER is missing/],
  [["train", "--out", "run"], 2, /--data FILE is missing/],
  [
    train("--data", "acts.safetensors"),
    2,
    /--variant ID is missing; allowed: baseline, binary, binary-latent, quantized-matryoshka, residual-quantized, ternary, relu, topk, batch-topk, jumprelu, gated, matryoshka$/,
  ],
  [
    train("--data", "acts.safetensors", "--variant", "nope"),
    2,
    /unknown variant "nope"; allowed: baseline, binary, binary-latent, quantized-matryoshka, residual-quantized, ternary, relu, topk, batch-topk, jumprelu, gated, matryoshka$/,
  ],
  [
    ["train", "--out", "run", "--data", "acts.safetensors", "--variant", "ternary", "--backend", "gpu"],
    2,
    /unknown backend "gpu"; allowed: auto, wasm, webgpu, cuda, tensorflow, cpu$/,
  ],
  [
    train("--data", "acts.safetensors", "--variant", "ternary", "--set", "kk=3"),
    2,
    /"kk"; keys allowed: d_in, d_sae, /,
  ],
  [train("--data", "acts.safetensors", "--variant", "ternary", "--set", "k"), 2, /--set k: expected key=value/],
  [
    train("--data", "acts.safetensors", "--variant", "ternary", "--steps", "5", "--epochs", "1"),
    2,
    /steps and epochs contradict/,
  ],
  [
    train("--data", "acts.safetensors", "--variant", "ternary", "--d-sae", "8", "--k", "9"),
    2,
    /k=9 exceeds d_sae=8; lower k/,
  ],
  [train("--resume", "--overwrite"), 2, /--resume and --overwrite contradict each other/],
  [
    ["quantize", "--sae", "run", "--out", "x"],
    2,
    /nothing to do; give --encoder QUANTIZER, --decoder QUANTIZER or both/,
  ],
  [
    ["quantize", "--sae", "run", "--decoder", "int9", "--out", "x"],
    2,
    /unknown quantizer "int9"; allowed: binary, ternary, int2 \.\. int8, centered-int2 \.\. centered-int8, nf2 \.\. nf8, nested1 \.\. nested8, codebook:LEVEL,LEVEL,\.\.\., twos-complement1:GAMMA \.\. twos-complement8:GAMMA, residual2-NAME \.\. residual16-NAME$/,
  ],
  [
    ["quantize", "--sae", "run", "--decoder", "int4/0", "--out", "x"],
    2,
    /quantizer "int4\/0": what is behind the slash is not allowed; write NAME\[\/absmax\]/,
  ],
  [
    ["analyze", "--sae", "run", "--out", "report.pdf"],
    2,
    /--out report.pdf: the report is a web page; expected a name ending in .html$/,
  ],
  [
    ["quickstart", "--out", "quickstart"],
    2,
    /quickstart.float is not from quickstart and would be replaced; give another --out$/,
  ],
];

const files: readonly Case[] = [
  [
    train("--data", "none.safetensors", "--variant", "ternary"),
    1,
    /none.safetensors: no such file; expected activations/,
  ],
  [train("--data", "cut.safetensors", "--variant", "ternary"), 1, /cut.safetensors: .*bytes/],
  [train("--data", "words.safetensors", "--variant", "ternary"), 1, /words.safetensors: /],
  [
    train("--data", "nan.safetensors", "--variant", "ternary"),
    1,
    /nan.safetensors: NaN in row 1234, column 5.*; activations must be finite$/,
  ],
  [["train", "--out", "empty", "--resume"], 1, /empty: no run to resume; expected what qsae train writes/],
  [
    ["eval", "--sae", "none", "--data", "acts.safetensors"],
    1,
    /none: no such file or folder; expected an SAE: a packed file/,
  ],
  [["eval", "--sae", "empty", "--data", "acts.safetensors"], 1, /empty: no SAE in this folder; expected an SAE/],
  [
    ["eval", "--sae", "foreign.safetensors", "--data", "acts.safetensors"],
    1,
    /foreign.safetensors: a safetensors file, but no SAE; expected/,
  ],
  [["eval", "--sae", "words.safetensors", "--data", "acts.safetensors"], 1, /words.safetensors: /],
  [["inspect", "none"], 1, /none: no such file or folder; expected a packed SAE, /],
  [
    [
      "harvest",
      "--model",
      "none.onnx",
      "--tokenizer",
      "empty",
      "--text",
      "words.safetensors",
      "--hook",
      "1",
      "--out",
      "x.safetensors",
    ],
    1,
    /no such file/,
  ],
  [
    ["quickstart", "--model-dir", "empty", "--out", "fresh"],
    1,
    /empty.model.onnx: no such file; quickstart needs model.onnx, tokenizer.json, /,
  ],
  [["eval", "--sae", "run", "--config", "none.ts"], 1, /none.ts: no such file; expected a configuration/],
];

describe("bad input", () => {
  const before = process.cwd();
  beforeAll(() => process.chdir(folder.at()));
  afterAll(() => process.chdir(before));

  it.each([...usage, ...files].map(([args, code, says]) => ({ line: args.join(" "), args, code, says })))(
    "qsae $line",
    async ({ args, code, says }) => {
      expectOneLine(await callMain(args), code, says);
    },
  );

  it.each([usage[0]!, files[0]!])("exits with that code: %j", async (args, code, says) => {
    expectOneLine(await runCli(args, { cwd: folder.at() }), code, says);
  });

  it("shows the stack of an error under --debug and QSAE_DEBUG", async () => {
    const stack = /^error: none: no such file.*\nFormatError: .*\n +at /;
    expect((await callMain(["inspect", "none", "--debug"])).stderr).toMatch(stack);
    expect((await callMain(["inspect", "none"], { QSAE_DEBUG: "1" })).stderr).toMatch(stack);
  });
});

function expectOneLine(outcome: Outcome, code: number, says: RegExp): void {
  expect(outcome.stderr.trimEnd()).toMatch(says);
  expect(outcome.stderr).toMatch(/^error: [^\n]+\n$/);
  expect(outcome).toMatchObject({ code, stdout: "" });
}
