/** Sparse training of `ternary` through the training loop. */
import { beforeAll, describe, expect, it } from "vitest";
import { arraySource, normals, train, type CheckpointStore, type TrainingCheckpoint, type Variant } from "@qsae/core";
import type { HostTensors } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { testBackend } from "../test/test-backend.ts";
import { sparseData } from "../test/sparse-data.ts";
import { ternary } from "./ternary.ts";

const [D, F] = [8, 24];
const resolve = quantizersByName();
const make = (extra: object = {}): Variant =>
  ternary({ d_in: D, d_sae: F, k: 3, sparsity: 0.55, f_decay: 0.5, mask_update_every: 4, ...extra }, resolve);
const ACTIVE = F * D - Math.floor(0.55 * F * D);

const backend = await testBackend();

/** Checkpoints of every step of a run of 16. */
async function stepsOf(variant: Variant, warmStart?: HostTensors): Promise<TrainingCheckpoint[]> {
  const saved: TrainingCheckpoint[] = [];
  const store: CheckpointStore = {
    save: (checkpoint) => Promise.resolve(String(saved.push(structuredClone(checkpoint)))),
    load: () => Promise.resolve(undefined),
  };
  const source = arraySource(sparseData(2048, D, 1), D);
  const training = { steps: 16, batch_size: 64, lr: 1e-2, checkpoint_every: 1, seed: 3 };
  await train({ backend, variant, source, training, store, ...(warmStart && { warmStart }) });
  return saved;
}
const maskOf = ({ sae }: TrainingCheckpoint): number[] => [...sae.tensors["W_dec.mask"]!.data];
const movedBetween = (a: readonly number[], b: readonly number[]): number[] =>
  [...a.keys()].filter((i) => a[i] !== b[i]);

describe("a sparse ternary dictionary", () => {
  let saved: TrainingCheckpoint[];
  let masks: number[][];
  beforeAll(async () => {
    saved = await stepsOf(make());
    masks = saved.map(maskOf);
  });

  it("keeps its density exactly", () => {
    for (const mask of masks) expect(mask.reduce((sum, m) => sum + m, 0)).toBe(ACTIVE);
  });

  it("moves at every update, until three quarters of the run are over", () => {
    const moved = masks.slice(1).map((mask, i) => movedBetween(masks[i]!, mask).length > 0);
    const updates = moved.flatMap((did, i) => (did ? [i + 2] : [])); // masks[0] is of step 1
    expect(updates).toEqual([4, 8]); // step 12 is at progress 11/15: the share is down to less than one weight
  });

  it("starts what grows, and leaves what drops, at 0 without Adam moments", () => {
    const [before, after] = [saved[2]!, saved[3]!];
    const moved = movedBetween(maskOf(before), maskOf(after));
    expect(moved.length).toBeGreaterThan(0);
    for (const name of ["adam.m.W_dec", "adam.v.W_dec"]) {
      const nonZero = saved[3]!.state[name]!.data.filter((value) => value !== 0).length;
      expect(nonZero).toBeGreaterThan(0);
      for (const i of moved) expect(Math.abs(after.state[name]!.data[i]!), name).toBe(0);
    }
    for (const i of moved) expect(Math.abs(after.sae.tensors["W_dec"]!.data[i]!)).toBe(0);
  });

  it("moves nothing that is masked between updates", () => {
    for (const i of masks[4]!.keys()) {
      if (masks[4]![i] === 0) expect(Math.abs(saved[4]!.sae.tensors["W_dec"]!.data[i]!)).toBe(0);
    }
  });

  it("masks a dictionary that it is warm-started from", async () => {
    const { ops } = backend;
    const variant = make();
    const warm = normals(F * D, 1, 5);
    const params = ops.tidy(() =>
      variant.init(ops, {
        seed: 1,
        center: new Float32Array(D),
        deviation: 1,
        warmStart: { W_dec: { shape: [F, D], data: warm } },
      }),
    );
    const host = Object.fromEntries(
      await Promise.all(Object.entries(params).map(async ([name, a]) => [name, await ops.read(a)] as const)),
    ) as HostTensors;
    const { stages } = await variant.lower(ops, host);
    const mask = [...host["W_dec.mask"]!.data];
    const smallestActive = Math.min(...warm.map(Math.abs).filter((_, i) => mask[i] === 1));
    const largestMasked = Math.max(...warm.map(Math.abs).filter((_, i) => mask[i] === 0));
    expect(smallestActive).toBeGreaterThan(largestMasked);
    expect(stages[0]!.dictionary.kind).toBe("codes");
    ops.dispose(Object.values(params));
  });

  it("keeps the mask of rows that are resampled", async () => {
    const { ops } = backend;
    const variant = make();
    const params = ops.tidy(() => variant.init(ops, { seed: 1, center: new Float32Array(D), deviation: 1 }));
    const dead = ops.tensor(
      Array.from({ length: F }, (_, j) => Number(j === 2)),
      [F],
    );
    const residuals = ops.tensor(normals(F * D, 1, 7), [F, D]);
    const { params: next } = variant.resample!(ops, params, { seed: 2, dead, residuals });
    const [mask, w] = await Promise.all([ops.read(params["W_dec.mask"]!), ops.read(next["W_dec"]!)]);
    expect(next["W_dec.mask"]).toBe(params["W_dec.mask"]);
    const row = [...w.data.subarray(2 * D, 3 * D)];
    expect(row.map((value) => Number(value !== 0))).toEqual([...mask.data.subarray(2 * D, 3 * D)]);
  });
});

describe("without a mask", () => {
  it("has no parameter and no keys of one", () => {
    const { ops } = backend;
    const variant = ternary({ d_in: D, d_sae: F, k: 3 }, resolve);
    expect(variant.config).not.toHaveProperty("f_decay");
    const params = ops.tidy(() => variant.init(ops, { seed: 1, center: new Float32Array(D), deviation: 1 }));
    expect(params).not.toHaveProperty("W_dec.mask");
    ops.dispose(Object.values(params));
  });
  it("refuses keys of how it moves", () => {
    expect(() => ternary({ d_in: D, d_sae: F, k: 3, f_decay: 0.1, mask_until_fraction: 0.5 }, resolve)).toThrow(
      "variant ternary: sparsity is 0, so there is no mask, but f_decay, mask_until_fraction say how it moves; give sparsity (over 0, under 1) or remove the key",
    );
    expect(() => ternary({ d_in: D, d_sae: F, k: 3, sparsity: 1 }, resolve)).toThrow(/sparsity: .*keys allowed: /);
  });
});
