/** Records in whole runs: where they are, and that they are nothing but records. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arraySource } from "../../array-source.ts";
import { openBackend } from "../../backends/open-backend.ts";
import type { Backend } from "../../contracts/backend.ts";
import type { GradientRecord, StepEvent } from "../../contracts/reporter.ts";
import type { Variant } from "../../contracts/variant.ts";
import { normals } from "../../random.ts";
import { recorded, type Run } from "../run.fixture.ts";
import { train, type TrainOptions } from "../train.ts";
import type { TrainingInput } from "../training-config.ts";
import { codedSae, tinySae } from "../variants.fixture.ts";

const [dIn, dSae, k] = [24, 96, 6];
const source = arraySource(normals(1024 * dIn, 2, 1), dIn);
const coded = codedSae({ dIn, dSae, k, step: 0.125, range: 3 });
/** With constraints, a parameter that no gradient reaches, and dead latents that begin anew. */
const tiny = tinySae({ dIn, dSae, k });

const training: TrainingInput = {
  steps: 25,
  batch_size: 64,
  accumulation_steps: 2,
  lr: 0.02,
  lr_warmup_steps: 0,
  clip_grad_norm: 0.05,
  ema_decay: 0.9,
  dead_after_tokens: 300,
  checkpoint_every: 7,
  gradients_every: 1,
  seed: 5,
};

const recordsOf = ({ events }: Run): (Readonly<Record<string, GradientRecord>> | undefined)[] =>
  events.map(({ gradients }) => gradients);
const withoutTime = ({ elapsedMs: _, ...event }: StepEvent): unknown => event;

describe("runs with records of gradients", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());
  const run = (variant: Variant, more: TrainingInput = {}, options: Partial<TrainOptions> = {}): Promise<Run> =>
    recorded({ backend, variant, source, training: { ...training, ...more }, ...options });

  it("have them at the first, every so many and the last step, and fewer comparisons", async () => {
    const records = recordsOf(await run(coded, { steps: 45, gradients_every: 2 }));
    const at = (has: (record: GradientRecord) => boolean) =>
      records.flatMap((record, i) => (record && Object.values(record).some(has) ? [i + 1] : []));
    expect(at(() => true)).toEqual([1, ...Array.from({ length: 22 }, (_, i) => 2 * i + 2), 45]);
    expect(at(({ straightThrough }) => straightThrough !== undefined)).toEqual([1, 40, 45]);
    for (const [name, record] of Object.entries(records[0]!)) {
      const isCoded = name === "W_enc" || name === "W_dec";
      const expected = ["norm", "updateRatio", "zeroShare"];
      const ofCodes = ["changedCodes", "signFlips", "straightThrough"];
      if (name !== "b_enc") expect(Object.keys(record)).toEqual([...expected, ...(isCoded ? ofCodes : [])]);
    }
    expect(records[0]!["b_enc"]).not.toHaveProperty("updateRatio"); // starts at 0
  });

  it("have none where they are off, and none that nobody reads", async () => {
    expect(recordsOf(await run(coded, { steps: 5, gradients_every: 0 }))).toEqual(Array(5).fill(undefined));
    let asked = 0;
    const variant: Variant = {
      ...coded,
      quantized: coded.quantized!.map((codes) => ({ ...codes, levels: (...args) => (asked++, codes.levels(...args)) })),
    };
    await train({ backend, variant, source, training, reporters: [{ onEnd: () => undefined }] });
    expect(asked).toBe(0);
  });

  it("say of every parameter what its gradient norm is, and what no gradient reaches", async () => {
    const { events } = await run(tiny);
    for (const { gradients, gradNorms } of events) {
      const norms = Object.entries(gradients!).map(([name, { norm }]) => [name, norm]);
      expect(Object.fromEntries(norms)).toEqual(gradNorms);
      expect(gradients!["steps"]).toMatchObject({ norm: 0, zeroShare: 1 });
      expect(gradients!["W_enc"]!.zeroShare).toBeGreaterThan(0); // latents that do not fire
    }
    // A step counter that constraints raise by 1: 1 / 1, 1 / 2, ... and no ratio to 0.
    const ratios = events.map(({ gradients }) => gradients!["steps"]!.updateRatio);
    expect(ratios.slice(0, 4)).toEqual([undefined, 1, 0.5, expect.closeTo(1 / 3, 6)]);
  });

  it.each([
    ["codes on both sides", coded, {}],
    ["constraints and resampling", tiny, { resample_every: 4, normalize_input: "expected-norm" }],
  ] as const)("train the same bits as without: %s", async (_, variant, more) => {
    const [on, off] = [await run(variant, more), await run(variant, { ...more, gradients_every: 0 })];
    for (const [i, saved] of on.saved.entries()) {
      const { training: _ours, ...rest } = saved;
      const { training: _theirs, ...others } = off.saved[i]!;
      expect(rest).toEqual(others);
    }
    const withoutRecords = on.events.map(({ gradients: _own, ...event }) => withoutTime(event));
    expect(withoutRecords).toEqual(off.events.map(withoutTime));
  });

  it.each([
    ["codes on both sides", coded, {}],
    ["constraints and resampling", tiny, { resample_every: 4 }],
  ] as const)("record the same when resumed, and on two threads: %s", async (_, variant, more) => {
    const whole = await run(variant, more);
    expect(whole.saved.map(({ step }) => step)).toEqual([7, 14, 21, 25]);
    for (const resume of whole.saved.slice(0, 3)) {
      const resumed = await run(variant, more, { resume });
      expect(resumed.events.map(withoutTime)).toEqual(whole.events.slice(resume.step).map(withoutTime));
    }
    const two = await openBackend("wasm", { threads: 2 });
    try {
      expect(recordsOf(await run(variant, more, { backend: two }))).toEqual(recordsOf(whole));
    } finally {
      await two.close();
    }
  });

  it("go on from a checkpoint of before there were records", async () => {
    const whole = await run(coded, { gradients_every: 25 }); // the default, as an older release's checkpoint is read
    const { gradients_every: _, ...older } = whole.saved[0]!.training;
    const resumed = await run(coded, { gradients_every: 25 }, { resume: { ...whole.saved[0]!, training: older } });
    expect(resumed.result).toEqual(whole.result);
  });

  it("leak no tensors, finished or failed", async () => {
    await run(coded);
    const before = backend.ops.memory();
    await run(coded);
    expect(backend.ops.memory()).toEqual(before);
    const { clip_grad_norm: _, ...unclipped } = training;
    const failing: TrainingInput = { ...unclipped, lr: 1e38 };
    await expect(recorded({ backend, variant: coded, source, training: failing })).rejects.toThrow("training: ");
    expect(backend.ops.memory()).toEqual(before);
  });
});
