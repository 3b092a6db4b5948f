import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../contracts/backend.ts";
import { openBackend } from "../../backends/open-backend.ts";
import { arraySource } from "../../array-source.ts";
import { normals } from "../../random.ts";
import { recorded } from "../run.fixture.ts";
import { linear, tinySae } from "../variants.fixture.ts";
import { resamplesAt } from "./resample-dead.ts";

describe("resampling", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());
  const [dIn, dSae, k] = [8, 32, 4];
  const source = arraySource(normals(1024 * dIn, 1, 1), dIn);
  const training = {
    steps: 20,
    batch_size: 64,
    dead_after_tokens: 256,
    resample_every: 5,
    checkpoint_every: 1,
    seed: 2,
  };

  it("falls on every n-th step until its share of the run is over", () => {
    const config = { resample_every: 4, resample_until_fraction: 0.5 };
    expect(Array.from({ length: 20 }, (_, i) => i + 1).filter((step) => resamplesAt(step, 20, config))).toEqual([4, 8]);
    expect(resamplesAt(4, 20, {})).toBe(false);
  });

  it("revives the dead, forgets their moments and counts them as alive", async () => {
    const { events, saved } = await recorded({ backend, source, variant: tinySae({ dIn, dSae, k }), training });
    const resampled = events.filter((event) => event.resampled !== undefined);
    expect(resampled.map(({ step }) => step)).toEqual([5, 10]);
    expect(resampled[0]).toMatchObject({ resampled: events[4]!.dead });
    expect(events[4]!.dead).toBeGreaterThanOrEqual(dSae / 2);
    expect(events[5]!.dead).toBeLessThan(events[4]!.dead);
    expect(events.at(-1)!.dead).toBe(0);

    const { sae, state } = saved[4]!;
    const reborn = [...state["since_fired"]!.data.keys()].filter((j) => sae.tensors["b_enc"]!.data[j] === 0);
    expect(reborn.length).toBeGreaterThanOrEqual(dSae / 2);
    for (const j of reborn) {
      expect(state["since_fired"]!.data[j]).toBe(0);
      for (const moment of ["adam.m.", "adam.v."]) {
        expect([...state[`${moment}W_dec`]!.data.slice(j * dIn, (j + 1) * dIn)]).toEqual(Array(dIn).fill(0));
        for (let i = 0; i < dIn; i++) expect(state[`${moment}W_enc`]!.data[i * dSae + j]).toBe(0);
      }
    }
    const atoms = reborn.map((j) => sae.tensors["W_dec"]!.data.slice(j * dIn, (j + 1) * dIn).join());
    expect(new Set(atoms).size).toBe(atoms.length);
  });

  it("leaves the rest for the next time where there are fewer tokens than dead latents", async () => {
    const few = { ...training, batch_size: 8, dead_after_tokens: 32 };
    const { events } = await recorded({ backend, source, variant: tinySae({ dIn, dSae, k }), training: few });
    expect(events[4]).toMatchObject({ resampled: 8 });
    expect(events[9]!.resampled).toBeGreaterThan(0);
  });

  it("draws from all batches of a step, the same for a seed", async () => {
    const accumulated = { ...training, batch_size: 8, accumulation_steps: 8 };
    const run = () => recorded({ backend, source, variant: tinySae({ dIn, dSae, k }), training: accumulated });
    const [a, b] = [await run(), await run()];
    expect(a.events[4]!.resampled).toBe(a.events[4]!.dead);
    expect(a.result.checkpoint).toEqual(b.result.checkpoint);
  });

  it("is refused at the start where the variant cannot", async () => {
    const only6 = arraySource(normals(600, 1, 1), 6);
    await expect(
      recorded({ backend, source: only6, variant: linear, training: { resample_every: 5 } }),
    ).rejects.toThrow(
      "resample_every=5, but linear cannot start latents anew (it has no resample); leave resample_every out",
    );
  });
});
