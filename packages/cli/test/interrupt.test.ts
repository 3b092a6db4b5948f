/** Ctrl-C and kill: the checkpoint is whole, and the run goes on as if nothing had happened. */
import { appendFile, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { readCheckpoint } from "@qsae/data";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readSteps } from "../src/reporters/read-steps.ts";
import { callMain } from "./call-main.ts";
import { startCli } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { writeTinyActivations } from "./tiny-activations.ts";

vi.setConfig({ testTimeout: 120_000 });

const folder = temporaryFolder();
const STEPS = 300;

const before = process.cwd();

beforeAll(async () => {
  process.chdir(folder.at());
  await writeTinyActivations("acts.safetensors");
});
afterAll(() => process.chdir(before));

const run = (out: string): readonly string[] => [
  ...["train", "--data", "acts.safetensors", "--variant", "ternary", "--d-sae", "64", "--k", "3"],
  ...["--steps", String(STEPS), "--batch-size", "128", "--lr", "0.005", "--checkpoint-every", "60", "--out", out],
];

/** Resolves when the run has done `n` steps. */
async function stepsDone(out: string, n: number): Promise<void> {
  for (;;) {
    const lines = await readFile(folder.at(out, "metrics.jsonl"), "utf8").catch(() => "");
    if (lines.split("\n").length > n) return;
    await sleep(20);
  }
}

describe("an interrupted run", () => {
  it("stops after the step with exit code 130, and resumed gives the bits of an uninterrupted one", async () => {
    const whole = await callMain(run("whole"));
    expect(whole, whole.stderr).toMatchObject({ code: 0 });

    const { process, outcome } = startCli(run("cut"), { cwd: folder.at() });
    await stepsDone("cut", 50);
    process.kill("SIGINT");
    const interrupted = await outcome;
    expect(interrupted).toMatchObject({ code: 130, stdout: "" });
    expect(interrupted.stderr).toContain("qsae train --resume --out cut");
    const { step } = await readCheckpoint(folder.at("cut"));
    expect(step).toBeGreaterThanOrEqual(50);
    expect(step).toBeLessThan(STEPS);

    // A crash after the checkpoint: later steps were recorded, the last line is cut off.
    const metrics = await readFile(folder.at("cut", "metrics.jsonl"), "utf8");
    await appendFile(
      folder.at("cut", "metrics.jsonl"),
      metrics.split("\n")[0]!.replace('"step":1', `"step":${step + 1}`) + '\n{"step":',
    );

    const resumed = await callMain(["train", "--resume", "--out", "cut"]);
    expect(resumed, resumed.stderr).toMatchObject({ code: 0 });
    for (const file of ["checkpoint.safetensors", "sae.qsae.safetensors", "config.json"]) {
      const [a, b] = await Promise.all(["whole", "cut"].map((out) => readFile(folder.at(out, file))));
      expect(b!.equals(a!), file).toBe(true);
    }
    const [a, b] = await Promise.all(["whole", "cut"].map((out) => readSteps(folder.at(out, "metrics.jsonl"))));
    const untimed = (steps: typeof a) => steps!.map(({ elapsedMs: _elapsedMs, ...step }) => step);
    expect(untimed(b)).toEqual(untimed(a));
    expect(b).toHaveLength(STEPS);
  });

  it("treats SIGTERM the same; resuming with another configuration is refused", async () => {
    const { process, outcome } = startCli(run("terminated"), { cwd: folder.at() });
    await stepsDone("terminated", 10);
    process.kill("SIGTERM");
    expect(await outcome).toMatchObject({ code: 130 });
    expect((await readCheckpoint(folder.at("terminated"))).step).toBeGreaterThanOrEqual(10);
    const other = await callMain(["train", "--resume", "--lr", "0.1", "--out", "terminated"]);
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toMatch(/resume: lr is 0.1 now but 0.005 in the checkpoint/);
  });
});
