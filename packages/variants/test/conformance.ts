/** What every variant promises, run on each of some. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  arraySource,
  openBackend,
  train,
  type Backend,
  type CheckpointStore,
  type StepEvent,
  type TrainingCheckpoint,
  type TrainOptions,
  type Variant,
} from "@qsae/core";
import { loadSae, type HostTensors } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { variantByName } from "../src/by-name.ts";
import { likeLowered, onDevice, relativeError } from "./like-lowered.ts";
import { sparseData } from "./sparse-data.ts";

/** Sizes that cases have. */
export const SIZES = { d_in: 16, d_sae: 48 } as const;
const D = SIZES.d_in;

export interface Case {
  readonly name: string;
  readonly variant: Variant;
  /** Parameters as the packed SAE has them, for variants that train on softer ones. */
  readonly harden?: (tensors: HostTensors) => HostTensors;
}

const source = arraySource(sparseData(4096, D, 1), D);
const TRAINING = { steps: 100, batch_size: 256, lr: 1e-2, lr_warmup_steps: 5, dead_after_tokens: 1000, seed: 1 };

interface Run {
  readonly tensors: HostTensors;
  readonly events: readonly StepEvent[];
  readonly checkpoints: readonly TrainingCheckpoint[];
}

async function run(backend: Backend, variant: Variant, options: Partial<TrainOptions> = {}): Promise<Run> {
  const events: StepEvent[] = [];
  const checkpoints: TrainingCheckpoint[] = [];
  const store: CheckpointStore = {
    save: (checkpoint) => Promise.resolve(String(checkpoints.push(structuredClone(checkpoint)))),
    load: () => Promise.resolve(undefined),
  };
  const training = { ...TRAINING, checkpoint_every: 92 };
  const reporters = [{ onStep: (event: StepEvent) => void events.push(event) }];
  const { checkpoint } = await train({ backend, variant, source, training, store, reporters, ...options });
  return { tensors: checkpoint.tensors, events, checkpoints };
}

/** Declares the tests. */
export function describeVariants(cases: readonly Case[]): void {
  let one: Backend;
  let two: Backend;
  beforeAll(async () => {
    one = await openBackend("wasm", { threads: 1 });
    two = await openBackend("wasm", { threads: 2 });
  });
  afterAll(async () => {
    await one.close();
    await two.close();
  });

  describe.each(cases)("$name", ({ variant, harden = (tensors) => tensors }) => {
    let trained: Run;
    beforeAll(async () => {
      trained = await run(one, variant);
    });

    it("learns", () => {
      const { events } = trained;
      expect(events.at(-1)!.batchFvu).toBeLessThan(0.6 * events[0]!.batchFvu);
    });

    it("lowers to a packed SAE that the runtime reconstructs with, like its own forward pass", async () => {
      const { ops } = one;
      const x = sparseData(50, D, 2);
      const tensors = await likeLowered(ops, variant, trained.tensors, x);
      const levels = ops.tidy(
        () =>
          variant.forward(ops, onDevice(ops, harden(tensors)), { x: ops.tensor(x, [50, D]), progress: 1 })
            .reconstructions,
      );
      const sae = loadSae(await variant.lower(ops, tensors));
      expect(sae.levels).toBe(levels.length);
      for (const [i, level] of levels.entries()) {
        const given = sae.reconstruct(x, { levels: i + 1 });
        expect(relativeError(given, (await ops.read(level)).data), `level ${i + 1}`).toBeLessThan(1e-5);
      }
      ops.dispose(levels);
    });

    it("rebuilds itself from its JSON configuration", async () => {
      const config = JSON.parse(JSON.stringify(variant.config)) as Record<string, unknown>;
      const again = variantByName(variant.id, config, { resolveQuantizer: quantizersByName() });
      expect(again.config).toEqual(variant.config);
      const { ops } = one;
      const [a, b] = [variant, again].map((v) =>
        ops.tidy(() => v.init(ops, { seed: 5, center: new Float32Array(D), deviation: 1 })),
      );
      for (const name of Object.keys(a!)) expect(await ops.read(b![name]!)).toEqual(await ops.read(a![name]!));
      ops.dispose([...Object.values(a!), ...Object.values(b!)]);
    });

    it.each(["one thread", "two"])(
      "resumes bit for bit on %s, and leaks neither tensors nor memory",
      async (threads) => {
        const backend = threads === "two" ? two : one;
        const [resume] = trained.checkpoints;
        expect(resume!.step).toBe(92);
        const before = backend.ops.memory();
        const resumed = await run(backend, variant, { resume: resume! });
        expect(resumed.events.length).toBe(8);
        expect(resumed.tensors).toEqual(trained.tensors);
        await variant.lower(backend.ops, resumed.tensors);
        expect(backend.ops.memory()).toEqual(before);
      },
    );

    it.runIf(variant.foldInputScale !== undefined)(
      "does the same on activations of any size, normalised in training",
      async () => {
        const training = { ...TRAINING, steps: 12, normalize_input: "expected-norm" } as const;
        const SIZE = 64; // a power of two: the normalised activations are the same bits
        const large = arraySource(
          sparseData(4096, D, 1).map((value) => value * SIZE),
          D,
        );
        const [ofSmall, ofLarge] = [
          await run(one, variant, { training }),
          await run(one, variant, { training, source: large }),
        ];
        const [small, big] = await Promise.all(
          [ofSmall, ofLarge].map(async ({ tensors }) => loadSae(await variant.lower(one.ops, tensors))),
        );
        const x = sparseData(50, D, 2);
        const expected = small!.reconstruct(x).map((value) => value * SIZE);
        expect(relativeError(big!.reconstruct(x.map((value) => value * SIZE)), expected)).toBeLessThan(1e-3);
      },
    );

    it.runIf(variant.resample !== undefined)("starts dead latents anew", async () => {
      const training = {
        ...TRAINING,
        steps: 19,
        dead_after_tokens: 512,
        resample_every: 8,
        resample_until_fraction: 1,
      };
      const { events, tensors } = await run(one, variant, { training });
      expect(events.filter(({ resampled }) => resampled !== undefined).map(({ step }) => step)).toEqual([8, 16]);
      for (const { data } of Object.values(tensors)) expect([...data].every(Number.isFinite)).toBe(true);
    });

    it("trains without leaving the fast kernels, dead latents included", () => {
      expect(one.fallbacks()).toEqual([]);
    });
  });
}
