/** The suite finds what is wrong: every check fails for a quantizer that breaks its promise, and for no other reason. */
import { beforeAll, describe, expect, it } from "vitest";
import { UsageError } from "@qsae/runtime";
import type { Quantizer } from "../contracts/quantizer.ts";
import type { Tensor, TensorOps } from "../contracts/tensor-ops.ts";
import { openBackend } from "../backends/open-backend.ts";
import { describeQuantizer } from "./describe-quantizer.ts";
import * as checks from "./quantizer-checks.ts";

let ops: TensorOps;
beforeAll(async () => {
  ops = (await openBackend("cpu")).ops;
});

const clipped = (o: TensorOps, w: Tensor, scale: Tensor): Tensor =>
  o.tidy(() => o.clipByValue(o.round(o.div(w, scale)), -1, 1));

/** Promises kept. */
const sound: Quantizer = {
  id: "sound",
  options: {},
  codes: [-1, 1],
  dequantize: { kind: "affine" },
  calibrate: (o, w) => ({ scale: o.tidy(() => o.add(o.mean(o.abs(w), 1, true), 1e-8)) }),
  encode: (o, w, { scale }) => clipped(o, w, scale),
};

/** Two planes, a scale per group of 7: the second plane rounds what is left of twice the grid. */
const grouped = 7;
const summed: Quantizer = {
  ...sound,
  id: "summed",
  options: { per: grouped },
  dequantize: { kind: "sum", planes: 2, each: { kind: "affine" } },
  calibrate: (o, w) =>
    o.tidy(() => {
      const [rows, cols] = w.shape as [number, number];
      if (cols % grouped !== 0) throw new UsageError(`${cols} weights cannot be split into groups of ${grouped}`);
      const fine = o.add(o.mul(o.max(o.abs(o.reshape(w, [rows, cols / grouped, grouped])), 2), 1 / 4), 1e-8);
      return { scale: o.reshape(o.concat([o.mul(fine, 3), fine], 0), [2, rows, cols / grouped]) };
    }),
  encode: (o, w, { scale }) =>
    o.tidy(() => {
      const [rows, cols] = w.shape as [number, number];
      const groups = o.reshape(w, [rows, cols / grouped, grouped]);
      const [coarse, fine] = [0, 1].map((plane) =>
        o.reshape(o.slice(scale, [plane, 0, 0], [1, rows, cols / grouped]), [rows, cols / grouped, 1]),
      ) as [Tensor, Tensor];
      const first = clipped(o, groups, coarse);
      const second = clipped(o, o.sub(groups, o.mul(first, coarse)), fine);
      return o.reshape(o.concat([first, second], 0), [2, rows, cols]);
    }),
};

describeQuantizer(sound, { backends: ["cpu"] });
describeQuantizer(summed, { backends: ["cpu"] });

type Check = Exclude<keyof typeof checks, "trickyWeights" | "sameCodes">;

const failing = async (quantizer: Quantizer): Promise<string[]> => {
  const { per } = quantizer.options;
  const weights = checks.trickyWeights(typeof per === "number" ? per : 1);
  const { trickyWeights: _, sameCodes: __, secondRoundingNoWorse: ___, ...all } = checks;
  const failed: string[] = [];
  for (const [name, check] of Object.entries(all)) {
    const found = await check({ quantizer, ops, weights }).catch((error: unknown) => [String(error)]);
    if (found.length > 0) failed.push(name);
  }
  return failed;
};

describe("a quantizer that", () => {
  it.each<[string, Quantizer, Check[]]>([
    ["keeps its promises", sound, []],
    ["keeps them for planes and groups", summed, []],
    [
      "gives a fraction",
      { ...sound, encode: (o, w, { scale }) => o.tidy(() => o.mul(clipped(o, w, scale), 0.5)) },
      ["codesInRange", "idempotent", "packedWithoutLoss"],
    ],
    [
      "gives codes beyond its range",
      { ...sound, encode: (o, w, { scale }) => o.tidy(() => o.round(o.div(w, scale))) },
      ["codesInRange", "packedWithoutLoss"],
    ],
    [
      "forgets a plane",
      { ...summed, encode: (o, w, { scale }) => o.tidy(() => clipped(o, w, o.max(scale))) },
      ["codesInRange", "idempotent", "packedWithoutLoss", "gradientsAsDeclared", "leaksNothing"],
    ],
    [
      "divides by the mean of a zero row",
      {
        ...sound,
        calibrate: (o, w) => ({ scale: o.tidy(() => o.div(o.square(o.mean(w, 1, true)), o.mean(w, 1, true))) }),
      },
      ["gridUsable", "codesInRange", "idempotent", "packedWithoutLoss", "gradientsAsDeclared"],
    ],
    [
      "has a scale of zero for a zero row",
      { ...sound, calibrate: (o, w) => ({ scale: o.tidy(() => o.mean(o.abs(w), 1, true)) }) },
      ["gridUsable", "codesInRange", "idempotent", "packedWithoutLoss", "gradientsAsDeclared"],
    ],
    [
      "rounds away from the grid",
      { ...sound, encode: (o, w, { scale }) => o.tidy(() => o.neg(clipped(o, w, scale))) },
      ["idempotent"],
    ],
    [
      "declares a gradient that is not finite",
      { ...sound, backward: (o, dy) => ({ w: o.mul(dy, Infinity) }) },
      ["gradientsAsDeclared"],
    ],
    [
      "leaks when it calibrates",
      { ...sound, calibrate: (o, w) => ({ scale: o.add(o.max(o.abs(w), 1, true), 1e-8) }) },
      ["leaksNothing"],
    ],
    [
      "leaks when it encodes",
      { ...sound, encode: (o, w, { scale }) => clipped(o, o.mul(w, 1), scale) },
      ["leaksNothing"],
    ],
    [
      "leaks backward",
      { ...sound, backward: (o, dy) => (o.keep(o.mul(dy, 2)), { w: o.mul(dy, 1) }) },
      ["leaksNothing"],
    ],
    ["takes groups that rows do not fill", { ...sound, options: { per: 5 } }, ["refusesPartialGroups"]],
  ])("%s", async (_, quantizer, expected) => {
    expect((await failing(quantizer)).sort()).toEqual([...expected].sort());
  });
});

describe("the promises that need more than one look", () => {
  const weights = checks.trickyWeights();

  it("a second rounding that goes further than the first", async () => {
    const restless: Quantizer = {
      ...sound,
      encode: (o, w, { scale }) =>
        o.tidy(() => {
          const codes = clipped(o, w, scale);
          const onGrid = o.equal(w, o.mul(codes, scale));
          return o.where(onGrid, o.fill(w.shape, 1), codes);
        }),
    };
    expect(await checks.secondRoundingNoWorse({ quantizer: sound, ops, weights })).toEqual([]);
    const found = await checks.secondRoundingNoWorse({ quantizer: restless, ops, weights });
    expect(found[0]).toMatch(/^row 0: rounding moves it by [\d.]+, rounding again by [\d.]+$/);
  });

  it("codes that differ between backends", async () => {
    const other: TensorOps = { ...ops };
    const partial: Quantizer = {
      ...sound,
      encode: (o, w, { scale }) => o.tidy(() => clipped(o, w, o.mul(scale, o === ops ? 1 : 1.1))),
    };
    expect(await checks.sameCodes({ quantizer: sound, ops, weights }, other)).toEqual([]);
    expect((await checks.sameCodes({ quantizer: partial, ops, weights }, other))[0]).toMatch(
      /^\d+ of 504 codes differ$/,
    );
  });
});
