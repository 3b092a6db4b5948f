import { describe, expect, it } from "vitest";
import { normals, type Tensor } from "@qsae/core";
import { testBackend } from "../../test/test-backend.ts";
import { dropAndGrow, dropShare } from "./drop-and-grow.ts";
import { largest, MASK } from "./mask.ts";

const [F, D] = [6, 5];
const ACTIVE = 12;
const { ops } = await testBackend();
const read = async (a: Tensor): Promise<number[]> => [...(await ops.read(a)).data];
const count = (values: readonly number[]): number => values.filter((value) => value !== 0).length;

describe("dropShare", () => {
  const cosine = { dropFraction: 0.4, untilFraction: 0.5 };
  it("falls by a cosine from the fraction given to 0", () => {
    expect(dropShare(cosine, 0)).toBe(0.4);
    expect(dropShare(cosine, 0.125)).toBeCloseTo(0.2 * (1 + Math.SQRT1_2), 12);
    expect(dropShare(cosine, 0.25)).toBeCloseTo(0.2, 12);
    expect(dropShare(cosine, 0.375)).toBeCloseTo(0.2 * (1 - Math.SQRT1_2), 12);
  });
  it("is 0 from then on", () => {
    expect([0.5, 0.75, 1].map((progress) => dropShare(cosine, progress))).toEqual([0, 0, 0]);
    expect(dropShare({ dropFraction: 0.4, untilFraction: 0 }, 0)).toBe(0);
  });
});

describe("dropAndGrow", () => {
  const constraint = dropAndGrow({ dropFraction: 0.5, everySteps: 3, untilFraction: 0.8, active: ACTIVE });
  const magnitudes = normals(F * D, 1, 3);
  const start = () => {
    const w = ops.tensor(magnitudes, [F, D]);
    const mask = largest(ops, ops.abs(w), ops.fill([F, D], 1), ACTIVE);
    return { W_dec: ops.mul(w, mask), [MASK]: mask };
  };
  const at = (step: number, progress: number, gradient: readonly number[]) => ({
    step,
    progress,
    statistics: {},
    gradients: { W_dec: ops.tensor(gradient, [F, D]) },
  });
  const places = (mask: readonly number[]): number[] => [...mask.keys()].filter((i) => mask[i] === 1);

  it("drops the smallest active weights and grows where the dense gradient is largest, keeping density", async () => {
    const before = start();
    const old = await read(before.W_dec);
    const wasActive = places(await read(before[MASK]));
    const inactive = [...old.keys()].filter((i) => !wasActive.includes(i));
    const grown = inactive.slice(2, 8); // six, as many as are dropped
    const gradient = old.map((_, i) => (grown.includes(i) ? (i % 2 === 0 ? -3 : 3) : 0.5)); // signs do not matter
    const { params, fresh } = constraint.afterStep!(ops, before, at(3, 0, gradient));
    const bySize = wasActive.toSorted((a, b) => Math.abs(old[b]!) - Math.abs(old[a]!));
    const kept = bySize.slice(0, 6);
    const expected = [...kept, ...grown].toSorted((a, b) => a - b);
    expect(places(await read(params[MASK]!))).toEqual(expected);
    const w = await read(params["W_dec"]!);
    expect(w).toEqual(old.map((value, i) => (kept.includes(i) ? value : value * 0)));
    const changed = [...bySize.slice(6), ...grown].toSorted((a, b) => a - b);
    expect(places(await read(fresh!["W_dec"]!))).toEqual(changed);
  });

  it("lets just-dropped weights grow again with what they were and their moments", async () => {
    const before = start();
    const old = await read(before.W_dec);
    const gradient = old.map((value) => (value === 0 ? 0 : 1));
    const { params, fresh } = constraint.afterStep!(ops, before, at(3, 0, gradient));
    expect(await read(params["W_dec"]!)).toEqual(old);
    expect(count(await read(fresh!["W_dec"]!))).toBe(0);
  });

  it("keeps density where weights, magnitudes and gradients are equal", async () => {
    const mask = ops.tensor(
      Array.from({ length: F * D }, (_, i) => Number(i >= F * D - ACTIVE)),
      [F, D],
    );
    const equal = { W_dec: ops.zeros([F, D]), [MASK]: mask };
    const { params } = constraint.afterStep!(ops, equal, at(3, 0, new Array<number>(F * D).fill(0)));
    expect(count(await read(params[MASK]!))).toBe(ACTIVE);
  });

  it("does nothing between updates and after its share of the run", () => {
    const before = start();
    const gradient = new Array<number>(F * D).fill(1);
    expect(constraint.afterStep!(ops, before, at(4, 0, gradient))).toEqual({ params: before });
    expect(constraint.afterStep!(ops, before, at(3, 0.8, gradient))).toEqual({ params: before });
  });

  it("keeps gradients of masked weights from the optimiser", async () => {
    const params = start();
    const grads = { W_dec: ops.fill([F, D], 2), b_dec: ops.zeros([D]) };
    const corrected = constraint.afterBackward!(ops, params, grads, at(1, 0, new Array<number>(F * D).fill(2)));
    expect(corrected["b_dec"]).toBe(grads.b_dec);
    expect(await read(corrected["W_dec"]!)).toEqual((await read(params[MASK])).map((m) => 2 * m));
  });
});
