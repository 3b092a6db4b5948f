/** A number that is not finite stops the run at once, says what it was, and leaves the last good checkpoint. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NonFiniteError } from "@qsae/runtime";
import type { Backend } from "../contracts/backend.ts";
import type { Variant } from "../contracts/variant.ts";
import { arraySource } from "../array-source.ts";
import { openBackend } from "../backends/open-backend.ts";
import { normals } from "../random.ts";
import { memoryStore, withTargets } from "./run.fixture.ts";
import { train, type TrainOptions } from "./train.ts";
import { D, linear, tinySae } from "./variants.fixture.ts";

describe("a number that is not finite", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());
  const source = arraySource(normals(640 * D, 1, 1), D);

  /** The message of a run that fails at its third step, and the steps that were saved. */
  async function failure(options: Partial<TrainOptions>): Promise<{ message: string; saved: readonly number[] }> {
    const store = memoryStore();
    const before = backend.ops.memory().tensors;
    const error: unknown = await train({
      backend,
      variant: linear,
      source,
      store,
      ...options,
      training: { steps: 6, batch_size: 64, lr_warmup_steps: 0, checkpoint_every: 1, ...options.training },
    }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(backend.ops.memory().tensors).toBe(before);
    for (const { sae, state } of store.saved) {
      for (const { data } of [...Object.values(sae.tensors), ...Object.values(state)]) {
        expect([...data].every(Number.isFinite)).toBe(true);
      }
    }
    return { message: (error as Error).message, saved: store.saved.map(({ step }) => step) };
  }

  /** NaN from the third step of a run of six on. */
  const nanFromStep3 = (progress: number): number => (progress > 0.3 ? NaN : 0);
  const kept =
    "at step 3 (lr 1.0e-3); the checkpoint of step 2 is kept; lower lr, raise lr_warmup_steps or set clip_grad_norm";

  it("in a loss", async () => {
    const variant: Variant = {
      ...linear,
      forward: (ops, params, context) => {
        const pass = linear.forward(ops, params, context);
        return { ...pass, losses: { ...pass.losses, extra: ops.scalar(nanFromStep3(context.progress)) } };
      },
    };
    expect(await failure({ variant })).toEqual({ message: `training: loss extra became NaN ${kept}`, saved: [1, 2] });
  });

  it("in a gradient, although every loss is finite", async () => {
    const variant: Variant = {
      ...linear,
      init: (ops, context) => ({ ...linear.init(ops, context), B: ops.zeros([D, D]) }),
      forward: (ops, params, context) => {
        const pass = linear.forward(ops, params, context);
        const b = ops.customGrad(
          [params["B"]!],
          () => ({ value: ops.sum(params["B"]!), saved: [] }),
          (dy) => [ops.mul(ops.fill([D, D], nanFromStep3(context.progress)), dy)],
        );
        return { ...pass, losses: { ...pass.losses, b } };
      },
    };
    expect(await failure({ variant })).toEqual({
      message: `training: gradient of B became NaN ${kept}`,
      saved: [1, 2],
    });
  });

  it("in the latents, although every loss is finite", async () => {
    const variant: Variant = {
      ...linear,
      forward: (ops, params, context) => ({
        ...linear.forward(ops, params, context),
        latents: ops.add(context.x, nanFromStep3(context.progress)),
      }),
    };
    expect((await failure({ variant })).message).toBe(`training: the sum of the latents became NaN ${kept}`);
  });

  it("in the activations or the targets", async () => {
    const bad = withTargets(source, (x) => x.map((value, i) => (i === 7 ? Infinity : value)));
    const { message, saved } = await failure({ source: bad });
    expect(message).toMatch(
      /^training: the batch of targets became (NaN|Infinity) at step 1 .*no checkpoint was saved yet/,
    );
    expect(saved).toEqual([]);
  });

  it("in a parameter, from a constraint", async () => {
    const variant: Variant = {
      ...linear,
      afterStep: (ops, { A }, { progress }) => ({ params: { A: ops.add(A!, nanFromStep3(progress)) } }),
    };
    expect(await failure({ variant })).toEqual({
      message: `training: parameter A became NaN at entry 0 ${kept}`,
      saved: [1, 2],
    });
  });

  it("in the weights of an encoder, which its own op finds", async () => {
    const tiny = tinySae({ dIn: D, dSae: 12, k: 3 });
    const variant: Variant = {
      ...tiny,
      afterStep: (ops, params, { step }) => ({
        params: { ...params, W_enc: ops.mul(params["W_enc"]!, step === 2 ? NaN : 1) },
      }),
    };
    const training = { checkpoint_every: 5, accumulation_steps: 2 };
    const { message } = await failure({ variant, training });
    expect(message).toMatch(
      /^training: encodeTopK: W_enc holds NaN at entry 0.* at step 3 .*no checkpoint was saved yet/,
    );
  });

  it("in a run that explodes", async () => {
    const training = { steps: 200, lr: 1e30, lr_decay_fraction: 0 };
    const { message } = await failure({ training });
    expect(message).toMatch(/^training: loss mse became (Infinity|NaN) at step \d+ \(lr 1.0e\+30\)/);
  });
});
