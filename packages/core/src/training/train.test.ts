/** The loop itself, on the smallest variant there is: `xhat = x A` with one parameter, so that every number can be checked. */
import { beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../contracts/backend.ts";
import type { StepEvent } from "../contracts/reporter.ts";
import type { Variant } from "../contracts/variant.ts";
import { arraySource } from "../array-source.ts";
import { openBackend } from "../backends/open-backend.ts";
import { normals } from "../random.ts";
import { memoryStore } from "./run.fixture.ts";
import { train, type TrainOptions } from "./train.ts";
import { D, linear } from "./variants.fixture.ts";

const source = arraySource(normals(640 * D, 1, 1), D, { origin: "normal" });

describe("train", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
    return () => backend.close();
  });
  const run = async (
    options: Partial<TrainOptions> = {},
  ): Promise<{ events: StepEvent[]; result: Awaited<ReturnType<typeof train>> }> => {
    const events: StepEvent[] = [];
    const result = await train({
      backend,
      variant: linear,
      source,
      training: { steps: 30, batch_size: 64, lr: 0.05, seed: 3, lr_warmup_steps: 0 },
      reporters: [{ onStep: (event) => void events.push(event) }],
      ...options,
    });
    return { events, result };
  };

  it("lowers the loss and reports every step", async () => {
    const { events, result } = await run();
    expect(events.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(events.at(-1)!.loss).toBeLessThan(events[0]!.loss / 10);
    expect(events[4]).toMatchObject({ tokens: 320, l0: 5, totalSteps: 30 });
    expect(result).toMatchObject({ step: 30, reason: "finished" });
    expect(result.checkpoint).toMatchObject({ spec: { variant: "linear" }, provenance: { origin: "normal" } });
  });

  it("gives the same bits for a seed, others for another", async () => {
    const [a, b] = [await run(), await run()];
    expect(a.result.checkpoint.tensors).toEqual(b.result.checkpoint.tensors);
    const other = await run({ training: { steps: 30, batch_size: 64, seed: 4 } });
    expect(other.result.checkpoint.tensors).not.toEqual(a.result.checkpoint.tensors);
  });

  it("resumes bit for bit, across passes", async () => {
    const training = { steps: 27, batch_size: 64, lr: 0.05, seed: 3, checkpoint_every: 13, dead_after_tokens: 700 };
    const store = memoryStore();
    const whole = await run({ training, store });
    expect(store.saved.map(({ step }) => step)).toEqual([13, 26, 27]);
    const resumed = await run({ training, resume: store.saved[0]! });
    expect(resumed.result.checkpoint).toEqual(whole.result.checkpoint);
    const withoutTime = ({ elapsedMs: _, ...event }: StepEvent): unknown => event;
    expect(resumed.events.map(withoutTime)).toEqual(whole.events.slice(13).map(withoutTime));
  });

  it("refuses to resume with another configuration, naming the key", async () => {
    const store = memoryStore();
    await run({ store });
    await expect(
      run({ resume: store.saved[0]!, training: { steps: 30, batch_size: 64, lr: 0.05, seed: 9, lr_warmup_steps: 0 } }),
    ).rejects.toThrow("resume: seed is 9 now but 3 in the checkpoint");
    const other = { ...linear, id: "other" };
    await expect(run({ resume: store.saved[0]!, variant: other })).rejects.toThrow(
      "resume: variant is other now but linear",
    );
  });

  it("goes on from a checkpoint of before there were keys that have defaults now", async () => {
    const training = { steps: 20, batch_size: 64, checkpoint_every: 10 };
    const store = memoryStore();
    const { result } = await run({ training, store });
    const { lr_schedule: _, b_dec_init: __, accumulation_steps: ___, ...older } = store.saved[0]!.training;
    const resumed = await run({ training, resume: { ...store.saved[0]!, training: older } });
    expect(resumed.result).toEqual(result);
  });

  it("reports no FVU for a batch that does not vary", async () => {
    const { events } = await run({ training: { steps: 2, batch_size: 1 } });
    expect(events.map(({ batchFvu }) => batchFvu)).toEqual([NaN, NaN]);
  });

  it("says how far it is: 0 at the first step, 1 at the last", async () => {
    const seen: number[] = [];
    const variant: Variant = {
      ...linear,
      forward: (ops, params, context) => {
        seen.push(context.progress);
        return linear.forward(ops, params, context);
      },
    };
    await run({ variant, training: { steps: 5, batch_size: 64 } });
    await run({ variant, training: { steps: 1, batch_size: 64 } });
    expect(seen).toEqual([0, 0.25, 0.5, 0.75, 1, 0]);
  });

  it("counts a latent dead after the configured tokens without firing", async () => {
    const { events } = await run({ training: { steps: 12, batch_size: 64, dead_after_tokens: 640 } });
    expect(events.map(({ dead }) => dead)).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]);
  });

  it("finishes the step and saves when aborted", async () => {
    const store = memoryStore();
    const abort = new AbortController();
    const stopAt5 = { onStep: ({ step }: StepEvent) => (step === 5 ? abort.abort() : undefined) };
    const { result } = await run({ store, signal: abort.signal, reporters: [stopAt5] });
    expect(result).toMatchObject({ step: 5, reason: "aborted" });
    expect(store.saved.map(({ step }) => step)).toEqual([5]);
  });

  it("starts from given parameters", async () => {
    const identity = Float32Array.from({ length: D * D }, (_, i) => Number(i % (D + 1) === 0));
    const warm: Variant = { ...linear, init: (ops, { warmStart }) => ({ A: ops.fromHost(warmStart!["A"]!) }) };
    const { events } = await run({ variant: warm, warmStart: { A: { shape: [D, D], data: identity } } });
    expect(events[0]!.loss).toBe(0);
  });

  it("refuses data of another width and batches larger than the data", async () => {
    await expect(run({ source: arraySource(new Float32Array(70), 7) })).rejects.toThrow(
      "the data has d_in=7, the variant linear d_in=6",
    );
    await expect(run({ training: { batch_size: 1000 } })).rejects.toThrow(
      "batch_size=1000 exceeds the 640 tokens of the data",
    );
  });

  it("leaks no tensors", async () => {
    await run();
    const before = backend.ops.memory().tensors;
    await run();
    await run({ training: { steps: 200, batch_size: 64, lr: 1e30, lr_warmup_steps: 0 } }).catch(() => undefined);
    expect(backend.ops.memory().tensors).toBe(before);
  });
});
