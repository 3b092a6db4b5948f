/** Options of training through the command line and through files: what is on is in the checkpoint, and goes on bit for bit. */
import { readFile } from "node:fs/promises";
import { openBackend, parseTrainingConfig, type DataSource } from "@qsae/core";
import { openActivations, readCheckpoint } from "@qsae/data";
import { variantByName } from "@qsae/variants";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { catalogOf } from "../src/catalog.ts";
import { readSteps } from "../src/reporters/read-steps.ts";
import { runTraining } from "../src/runs/run-training.ts";
import { openTerminal } from "../src/terminal/terminal.ts";
import { callMain } from "./call-main.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, writeTinyActivations } from "./tiny-activations.ts";

const folder = temporaryFolder();
const before = process.cwd();

beforeAll(async () => {
  process.chdir(folder.at());
  await writeTinyActivations("acts.safetensors");
});
afterAll(() => process.chdir(before));

const start = ["train", "--data", "acts.safetensors", "--variant", "baseline", "--d-sae", "64", "--k", "3"];

describe("options of training", () => {
  it("are taken from the command line, stored, and reported step by step", async () => {
    const options = [
      ...["--steps", "8", "--batch-size", "64", "--accumulation-steps", "2", "--lr", "0.01"],
      ...["--lr-schedule", "cosine", "--lr-warmup-steps", "2", "--lr-min-fraction", "0.5", "--clip-grad-norm", "0.1"],
      ...["--ema-decay", "0.9", "--b-dec-init", "geometric-median", "--gradients-every", "3", "--out", "run"],
    ];
    const outcome = await callMain([...start, ...options]);
    expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
    const { training } = JSON.parse(await readFile("run/config.json", "utf8")) as { training: object };
    expect(training).toMatchObject({
      accumulation_steps: 2,
      lr_schedule: "cosine",
      lr_decay_fraction: 1,
      lr_min_fraction: 0.5,
      clip_grad_norm: 0.1,
      ema_decay: 0.9,
      b_dec_init: "geometric-median",
      gradients_every: 3,
    });
    const { state, sae } = await readCheckpoint("run");
    expect([...state["param.W_dec"]!.data]).not.toEqual([...sae.tensors["W_dec"]!.data]);
    const steps = await readSteps("run/metrics.jsonl");
    expect(steps.map(({ tokens }) => tokens)).toEqual([128, 256, 384, 512, 640, 768, 896, 1024]);
    expect(Object.keys(steps[0]!.gradNorms).sort()).toEqual(["W_dec", "W_enc", "b_dec", "b_enc"]);
    expect(steps.at(-1)!.lr).toBeGreaterThan(0.005);
    expect(steps.filter(({ gradients }) => gradients).map(({ step }) => step)).toEqual([1, 3, 6, 8]);
    expect(Object.keys(steps[0]!.gradients!).sort()).toEqual(["W_dec", "W_enc", "b_dec", "b_enc"]);
  });

  it.each([
    [["--lr-schedule", "step"], /lr_schedule: .*"constant"\|"linear"\|"cosine"/],
    [["--b-dec-init", "median"], /b_dec_init: .*"mean"\|"geometric-median"\|"zeros"/],
    [["--normalize-input", "layer"], /normalize_input: .*"none"\|"expected-norm"/],
    [["--ema-decay", "1"], /ema_decay: /],
    [["--lr-schedule", "constant", "--lr-decay-fraction", "0.2"], /contradicts lr_decay_fraction=0.2/],
    [["--resample-until-fraction", "0.2"], /give resample_every too/],
    [["--clip-grad-norm", "0"], /Expected a number above 0/],
    [["--gradients-every", "-1"], /a whole number of at least 0/],
  ])("say what is allowed: %j", async (options, message) => {
    const outcome = await callMain([...start, "--steps", "2", "--out", "refused", ...options]);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(message);
  });

  it("may leave gradients unrecorded", async () => {
    const options = ["--steps", "2", "--batch-size", "64", "--gradients-every", "0", "--out", "unrecorded"];
    expect(await callMain([...start, ...options])).toMatchObject({ code: 0 });
    for (const step of await readSteps("unrecorded/metrics.jsonl")) expect(step).not.toHaveProperty("gradients");
  });

  it("go on from a file with the bits of a run that was never stopped", async () => {
    const backend = await openBackend("wasm", { threads: 1 });
    const terminal = openTerminal({ color: false });
    const catalog = catalogOf({});
    const training = parseTrainingConfig({
      steps: 14,
      batch_size: 64,
      accumulation_steps: 3,
      lr: 0.01,
      lr_schedule: "cosine",
      clip_grad_norm: 0.05,
      ema_decay: 0.8,
      b_dec_init: "geometric-median",
    });
    const run = async (out: string, abortAtBatch = Infinity): Promise<void> => {
      const abort = new AbortController();
      const opened = await openActivations("acts.safetensors");
      let seen = 0;
      const source: DataSource = {
        ...opened,
        batches: async function* (options) {
          for await (const batch of opened.batches(options)) {
            if (options.batchSize === 64 && ++seen === abortAtBatch) abort.abort(new Error("stopped"));
            yield batch;
          }
        },
      };
      const resume = await readCheckpoint(out).catch(() => undefined);
      await runTraining({
        folder: out,
        label: out,
        backend,
        variant: variantByName("baseline", { d_in: D_IN, d_sae: 64, k: 3 }, catalog),
        source,
        training,
        catalog,
        origin: { data: "acts.safetensors" },
        terminal,
        signal: abort.signal,
        ...(resume ? { resume } : {}),
      }).finally(() => opened.close());
    };
    await run("whole");
    await expect(run("cut", 17)).rejects.toThrow("stopped");
    expect((await readCheckpoint("cut")).step).toBe(5);
    await run("cut");
    for (const file of ["checkpoint.safetensors", "sae.qsae.safetensors", "config.json"]) {
      const [a, b] = await Promise.all(["whole", "cut"].map((out) => readFile(`${out}/${file}`)));
      expect(b!.equals(a!), file).toBe(true);
    }
    await backend.close();
  });
});
