import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../contracts/backend.ts";
import { openBackend } from "../../backends/open-backend.ts";
import { arraySource } from "../../array-source.ts";
import { normals } from "../../random.ts";
import { recorded } from "../run.fixture.ts";
import { linear, D, tinySae } from "../variants.fixture.ts";

describe("averages of the weights", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());
  const source = arraySource(normals(640 * D, 1, 1), D);
  const training = { steps: 12, batch_size: 64, lr: 0.05, checkpoint_every: 1 };
  const valuesOf = (tensors: Readonly<Record<string, { data: ArrayLike<number> }>>, name: string): number[] =>
    Array.from(tensors[name]!.data);

  it("are those of the parameters seen, weighted by the decay, the random start left out", async () => {
    const { saved, result } = await recorded({
      backend,
      variant: linear,
      source,
      training: { ...training, ema_decay: 0.8 },
    });
    const seen = saved.map(({ state }) => valuesOf(state, "param.A"));
    const weights = seen.map((_, i) => 0.8 ** (seen.length - 1 - i));
    const total = weights.reduce((a, b) => a + b);
    const expected = seen[0]!.map((_, j) => seen.reduce((sum, p, i) => sum + (weights[i]! * p[j]!) / total, 0));
    valuesOf(result.checkpoint.tensors, "A").forEach((value, j) => expect(value).toBeCloseTo(expected[j]!, 5));
    expect(valuesOf(saved[0]!.sae.tensors, "A")).toEqual(seen[0]);
  });

  it("leave training as it is", async () => {
    const plain = await recorded({ backend, variant: linear, source, training });
    const averaged = await recorded({ backend, variant: linear, source, training: { ...training, ema_decay: 0.8 } });
    expect(valuesOf(averaged.saved.at(-1)!.state, "param.A")).toEqual(valuesOf(plain.result.checkpoint.tensors, "A"));
    expect(averaged.events.map(({ loss }) => loss)).toEqual(plain.events.map(({ loss }) => loss));
  });

  it("copy what no gradient moves: counters, and latents that never fired", async () => {
    const variant = tinySae({ dIn: D, dSae: 16, k: 2 });
    const { result, saved } = await recorded({ backend, variant, source, training: { ...training, ema_decay: 0.9 } });
    expect(valuesOf(result.checkpoint.tensors, "steps")).toEqual([12]);
    const [averaged, raw] = [result.checkpoint.tensors, saved.at(-1)!.state];
    const firstOfTheSilent = 8 * D;
    expect(valuesOf(averaged, "W_dec").slice(firstOfTheSilent)).toEqual(
      valuesOf(raw, "param.W_dec").slice(firstOfTheSilent),
    );
    expect(valuesOf(averaged, "W_dec")).not.toEqual(valuesOf(raw, "param.W_dec"));
  });

  it("begin anew for latents that are resampled", async () => {
    const [dSae, silent] = [16, 8];
    const variant = tinySae({ dIn: D, dSae, k: 2 });
    const resampling = { ...training, ema_decay: 0.9, dead_after_tokens: 256, resample_every: 6 };
    const { events, saved } = await recorded({ backend, variant, source, training: resampling });
    expect(events[5]!.resampled).toBeGreaterThanOrEqual(silent);
    const at6 = saved[5]!;
    const reborn = valuesOf(at6.sae.tensors, "W_dec").slice(silent * D);
    expect(reborn).toEqual(valuesOf(at6.state, "param.W_dec").slice(silent * D));
    expect(reborn).not.toEqual(valuesOf(saved[4]!.sae.tensors, "W_dec").slice(silent * D));
  });
});
