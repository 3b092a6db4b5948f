/** What can be switched on in a run, each against what it should amount to, and all at once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HostTensors } from "@qsae/runtime";
import type { Backend } from "../contracts/backend.ts";
import type { TrainingCheckpoint } from "../contracts/sae-checkpoint.ts";
import type { StepEvent } from "../contracts/reporter.ts";
import { arraySource } from "../array-source.ts";
import { openBackend } from "../backends/open-backend.ts";
import { normals } from "../random.ts";
import { recorded, withTargets } from "./run.fixture.ts";
import type { TrainingInput } from "./training-config.ts";
import { D, linear, tinySae, unfoldable } from "./variants.fixture.ts";

const withoutTime = ({ elapsedMs: _, ...event }: StepEvent): unknown => event;

/** ||a - b|| / ||b|| */
function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const difference = Array.from(b, (value, i) => a[i]! - value);
  return Math.hypot(...difference) / Math.hypot(...Array.from(b));
}

describe("features of a run", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());
  const source = arraySource(normals(640 * D, 1, 1), D);

  describe("targets", () => {
    const doubled = withTargets(source, (x) => x.map((value) => 2 * value + 5));

    it("are what is reconstructed and what FVU is measured against", async () => {
      const variant = tinySae({ dIn: D, dSae: 12, k: D });
      const { events, saved } = await recorded({
        backend,
        variant: { ...variant, afterStep: (_ops, params) => ({ params }) },
        source: doubled,
        training: { steps: 1, batch_size: 640 },
      });
      expect(events[0]!.losses["mse"]! / events[0]!.batchFvu).toBeCloseTo(4, 0); // the variance of the targets
      const bDec = saved[0]!.sae.tensors["b_dec"]!.data; // one step of lr / 50 from the center of the targets
      for (const value of bDec) expect(Math.abs(value - 5)).toBeLessThan(0.3);
    });

    it("train a map from x to them", async () => {
      const twice = withTargets(source, (x) => x.map((value) => 2 * value));
      const training = { steps: 150, batch_size: 64, lr: 0.05 };
      const { result } = await recorded({ backend, variant: linear, source: twice, training });
      result.checkpoint.tensors["A"]!.data.forEach((value, i) =>
        expect(value).toBeCloseTo(i % (D + 1) === 0 ? 2 : 0, 1),
      );
    });
  });

  describe("accumulation", () => {
    it("equals one big batch", async () => {
      const shared = { steps: 10, lr: 0.05, clip_grad_norm: 0.5, dead_after_tokens: 640 };
      const big = await recorded({ backend, variant: linear, source, training: { ...shared, batch_size: 128 } });
      const parts = await recorded({
        backend,
        variant: linear,
        source,
        training: { ...shared, batch_size: 32, accumulation_steps: 4 },
      });
      const [a, b] = [parts, big].map(({ result }) => result.checkpoint.tensors["A"]!.data);
      expect(relativeError(a!, b!)).toBeLessThan(1e-5);
      expect(parts.events.length).toBe(10);
      parts.events.forEach((event, i) => {
        const { tokens, dead, l0, loss, batchFvu, gradNorms } = big.events[i]!;
        expect(event).toMatchObject({ tokens, dead, l0 });
        expect(event.loss / loss).toBeCloseTo(1, 4);
        expect(event.batchFvu / batchFvu).toBeCloseTo(1, 4);
        expect(event.gradNorms["A"]! / gradNorms["A"]!).toBeCloseTo(1, 4);
      });
    });

    it("lets a step straddle two passes", async () => {
      const training = { steps: 8, batch_size: 100, accumulation_steps: 4, checkpoint_every: 3 }; // 6 batches per pass
      const { events, result, saved } = await recorded({ backend, variant: linear, source, training });
      expect(events.at(-1)).toMatchObject({ tokens: 3200 });
      const resumed = await recorded({ backend, variant: linear, source, training, resume: saved[0]! });
      expect(resumed.result.checkpoint).toEqual(result.checkpoint);
    });
  });

  describe("clipping", () => {
    it("reports gradients before it, and lets no step see longer ones", async () => {
      const training = { steps: 2, batch_size: 64, checkpoint_every: 1 };
      const { events, saved } = await recorded({
        backend,
        variant: linear,
        source,
        training: { ...training, clip_grad_norm: 1e-3 },
      });
      expect(events[0]!.gradNorms["A"]).toBeGreaterThan(0.1);
      const firstMoment = saved[0]!.state["adam.m.A"]!.data; // (1 - beta1) g
      expect(Math.hypot(...Array.from(firstMoment))).toBeCloseTo(1e-4, 8);
    });

    it("changes no bit where nothing is clipped", async () => {
      const training = { steps: 5, batch_size: 64 };
      const run = async (more: TrainingInput) =>
        (await recorded({ backend, variant: linear, source, training: { ...training, ...more } })).result.checkpoint;
      expect((await run({ clip_grad_norm: 1e6 })).tensors).toEqual((await run({})).tensors);
    });
  });

  describe("input normalisation", () => {
    const wide = arraySource(normals(640 * D, 30, 1), D);
    const training = { steps: 20, batch_size: 64, lr: 0.01, normalize_input: "expected-norm" } as const;
    const variant = tinySae({ dIn: D, dSae: 12, k: 3 });

    it("trains as on data of that scale, and folds the scale into what is saved", async () => {
      const { result, saved, events } = await recorded({ backend, variant, source: wide, training });
      const { state } = saved[0]!;
      const scale = state["input_scale"]!.data[0]!;
      expect(scale).toBeCloseTo(1 / 30, 2);
      const scaledData = arraySource(
        normals(640 * D, 30, 1).map((value) => Math.fround(value * scale)),
        D,
      );
      const onScaled = await recorded({
        backend,
        variant,
        source: scaledData,
        training: { ...training, normalize_input: "none" },
      });
      const raw = (name: string) => state[`param.${name}`]!.data;
      for (const name of ["W_enc", "W_dec", "b_enc"]) {
        expect(relativeError(raw(name), onScaled.result.checkpoint.tensors[name]!.data)).toBeLessThan(1e-3);
      }
      expect(events.at(-1)!.batchFvu).toBeCloseTo(onScaled.events.at(-1)!.batchFvu, 3);
      result.checkpoint.tensors["W_enc"]!.data.forEach((value, i) =>
        expect(value).toBeCloseTo(raw("W_enc")[i]! * scale),
      );
    });

    it("takes a warm start as it acts on the data", async () => {
      const first = await recorded({ backend, variant, source: wide, training });
      const { tensors } = first.result.checkpoint;
      const again = await recorded({
        backend,
        variant,
        source: wide,
        training: { ...training, steps: 1, lr: 1e-12 },
        warmStart: tensors,
      });
      for (const [name, { data }] of Object.entries(again.result.checkpoint.tensors)) {
        if (name !== "steps") expect(relativeError(data, tensors[name]!.data)).toBeLessThan(1e-5);
      }
    });

    it("is refused at the start where the variant cannot fold it", async () => {
      await expect(recorded({ backend, variant: unfoldable, source, training })).rejects.toThrow(
        "normalize_input=expected-norm, but a scale of its inputs cannot be folded into linear (it has no foldInputScale); allowed: none",
      );
    });
  });

  describe("all at once", () => {
    const [dIn, dSae, k] = [48, 512, 8];
    const data = withTargets(arraySource(normals(2048 * dIn, 3, 1), dIn), (x) => x.map((value) => value + 1));
    const variant = tinySae({ dIn, dSae, k });
    const training: TrainingInput = {
      steps: 12,
      batch_size: 96,
      accumulation_steps: 2,
      lr: 3e-3,
      lr_schedule: "cosine",
      lr_warmup_steps: 3,
      lr_min_fraction: 0.1,
      clip_grad_norm: 0.05,
      ema_decay: 0.9,
      normalize_input: "expected-norm",
      b_dec_init: "geometric-median",
      dead_after_tokens: 400,
      resample_every: 4,
      resample_until_fraction: 0.8,
      checkpoint_every: 5,
      seed: 11,
    };

    it("resumes bit for bit, whatever the order of tensors in the file", async () => {
      const whole = await recorded({ backend, variant, source: data, training });
      expect(whole.events.filter(({ resampled = 0 }) => resampled > 0).length).toBeGreaterThan(0);
      expect(whole.saved.map(({ step }) => step)).toEqual([5, 10, 12]);
      for (const from of whole.saved.slice(0, 2)) {
        const resumed = await recorded({ backend, variant, source: data, training, resume: reversed(from) });
        expect(resumed.events.map(withoutTime)).toEqual(whole.events.slice(from.step).map(withoutTime));
        expect(resumed.saved.at(-1)).toEqual(whole.saved.at(-1));
        expect(resumed.result).toEqual(whole.result);
      }
    });

    it("gives the same bits on one thread and on two", async () => {
      const on = async (threads: number): Promise<TrainingCheckpoint> => {
        const device = await openBackend("wasm", { threads });
        try {
          return (await recorded({ backend: device, variant, source: data, training })).saved.at(-1)!;
        } finally {
          await device.close();
        }
      };
      expect(await on(2)).toEqual(await on(1));
    });

    it("leaks no tensors, finished or failed", async () => {
      const run = (more: TrainingInput) =>
        recorded({ backend, variant, source: data, training: { ...training, ...more } });
      await run({});
      const before = backend.ops.memory().tensors;
      await run({});
      const { clip_grad_norm: _, ...unclipped } = training;
      const failing = { ...unclipped, steps: 50, lr: 1e38, lr_warmup_steps: 0, lr_schedule: "linear" } as const;
      await expect(recorded({ backend, variant, source: data, training: failing })).rejects.toThrow("training: ");
      expect(backend.ops.memory().tensors).toBe(before);
    });

    it("names what a damaged checkpoint lacks, before anything is computed with it", async () => {
      const { saved } = await recorded({ backend, variant, source: data, training });
      const [good] = saved as [TrainingCheckpoint];
      const resumed = (state: HostTensors) =>
        recorded({ backend, variant, source: data, training, resume: { ...good, state } });
      const before = backend.ops.memory().tensors;
      for (const name of ["param.W_enc", "average.W_dec", "adam.v.b_dec", "since_fired", "input_scale"]) {
        const { [name]: gone, ...rest } = good.state;
        await expect(resumed(rest), `without ${name}`).rejects.toThrow(/resume: the checkpoint has no tensor/);
        const short = { shape: [2], data: new Float32Array(2) };
        await expect(resumed({ ...good.state, [name]: short }), `short ${name}`).rejects.toThrow(/has shape \[/);
        expect(gone).toBeDefined();
      }
      expect(backend.ops.memory().tensors).toBe(before);
    });
  });
});

function reversed({ sae, state, ...rest }: TrainingCheckpoint): TrainingCheckpoint {
  const turned = (tensors: HostTensors): HostTensors => Object.fromEntries(Object.entries(tensors).reverse());
  return structuredClone({ ...rest, sae: { ...sae, tensors: turned(sae.tensors) }, state: turned(state) });
}
