/** A device that is lost in the middle of a run ends it in a saved checkpoint, from which it goes on to the same bits. */
import * as tf from "@tensorflow/tfjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StepEvent } from "../contracts/reporter.ts";
import type { Backend } from "../contracts/backend.ts";
import { arraySource } from "../array-source.ts";
import { DeviceError } from "../backends/device-error.ts";
import { openBackend } from "../backends/open-backend.ts";
import { normals } from "../random.ts";
import { backendsHere } from "../testing/backends-here.ts";
import { memoryStore } from "./run.fixture.ts";
import { train, type TrainOptions } from "./train.ts";
import { D, tinySae } from "./variants.fixture.ts";

const variant = tinySae({ dIn: D, dSae: 12, k: 3 });
const source = arraySource(normals(640 * D, 1, 1), D);
const training = { steps: 12, batch_size: 64, lr: 0.01, seed: 3, lr_warmup_steps: 2, ema_decay: 0.9 };

/** A backend whose device can be lost: its memory then answers nothing any more. */
function losable(backend: Backend): { readonly backend: Backend; readonly lose: () => void } {
  let failure: DeviceError | undefined;
  const read: Backend["ops"]["read"] = async (a) => {
    if (failure) throw new Error("Invalid buffer");
    return backend.ops.read(a);
  };
  return {
    backend: { ...backend, ops: { ...backend.ops, read }, failure: () => Promise.resolve(failure) },
    lose: () => {
      failure = new DeviceError("the device was lost");
    },
  };
}

const failed = (run: Promise<unknown>): Promise<Error> =>
  run.then(
    () => expect.fail("the run did not end with an error"),
    (error: unknown) => error as Error,
  );

/** Loses the device after a step. */
const after = (step: number, lose: () => void) => ({
  onStep: (event: StepEvent) => void (event.step === step && lose()),
});

const runOn = (backend: Backend, options: Partial<TrainOptions> = {}): ReturnType<typeof train> =>
  train({ backend, variant, source, ...options, training: { ...training, ...options.training } });

describe("a run whose device is lost", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());
  const run = (options: Partial<TrainOptions>): ReturnType<typeof train> => runOn(backend, options);

  it("saves the copy of the first step, and goes on from it to the same bits", async () => {
    const undisturbed = await run({});
    const store = memoryStore();
    const losing = losable(backend);
    const error = await failed(run({ backend: losing.backend, store, reporters: [after(7, losing.lose)] }));
    expect(error).toBeInstanceOf(DeviceError);
    expect(error.message).toBe(
      "training: the device was lost at step 8; the checkpoint of step 1 is saved; go on from it: qsae train --resume",
    );
    expect(store.saved.map(({ step }) => step)).toEqual([1]);
    expect(await run({ resume: store.saved[0]! })).toEqual(undisturbed);
  });

  it("names the checkpoint that is saved already, and writes none twice", async () => {
    const store = memoryStore();
    const losing = losable(backend);
    const options = { backend: losing.backend, store, training: { checkpoint_every: 5 } };
    const error = await failed(run({ ...options, reporters: [after(7, losing.lose)] }));
    expect(error.message).toMatch(/at step 8; the checkpoint of step 5 is saved/);
    expect(store.saved.map(({ step }) => step)).toEqual([5]);
  });

  it("says so where nothing was saved: at the first step, or without a store", async () => {
    const store = memoryStore();
    for (const [step, options] of [
      [1, { store }],
      [7, {}],
    ] as const) {
      const losing = losable(backend);
      const error = await failed(run({ ...options, backend: losing.backend, reporters: [after(step, losing.lose)] }));
      expect(error.message).toBe(`training: the device was lost at step ${step + 1}; no checkpoint was saved yet`);
    }
    expect(store.saved).toEqual([]);
  });

  it("leaves other errors as they are, and leaks no tensors", async () => {
    const before = backend.ops.memory().tensors;
    const stop = (): void => {
      throw new Error("the reporter broke");
    };
    const error = await failed(run({ backend: losable(backend).backend, reporters: [after(3, stop)] }));
    expect(error.message).toBe("the reporter broke");
    const losing = losable(backend);
    await failed(run({ backend: losing.backend, reporters: [after(3, losing.lose)] }));
    expect(backend.ops.memory().tensors).toBe(before);
  });
});

describe.each(await backendsHere(["webgpu"]))("a run on %s", (name) => {
  it("ends in a saved checkpoint when the device is destroyed, and goes on from it to the same bits", async () => {
    const lost = await openBackend(name);
    const undisturbed = await runOn(lost);
    const store = memoryStore();
    const { device } = tf.backend() as unknown as { device: GPUDevice };
    const error = await failed(runOn(lost, { store, reporters: [after(7, () => device.destroy())] }));
    expect(error).toBeInstanceOf(DeviceError);
    expect(error.message).toMatch(
      /^training: webgpu: the device was lost \(destroyed: .*\), with what was on it at step 8; the checkpoint of step 1 is saved; go on from it: qsae train --resume$/,
    );
    const next = await openBackend(name);
    expect(await runOn(next, { resume: store.saved[0]! })).toEqual(undisturbed);
    await lost.close();
    await next.close();
  });
});
