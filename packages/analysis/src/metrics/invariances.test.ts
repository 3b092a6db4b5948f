/** What must not matter, and what must follow: the order of tokens, the numbers of latents, the axes and units of activations. */
import type { Metric } from "@qsae/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coactivation } from "../sparsity/coactivation.ts";
import { topTokens } from "../sparsity/top-tokens.ts";
import { batchOf, measure, type Token } from "./batches.fixture.ts";
import { fvu } from "./fvu.ts";
import { l0 } from "./l0.ts";
import { latentDensity } from "./latent-density.ts";
import { latentPower } from "./latent-power.ts";
import { mse } from "./mse.ts";
import { shrinkage } from "./shrinkage.ts";

const D_SAE = 6;
const integer = fc.integer({ min: -50, max: 50 });
const token: fc.Arbitrary<Token> = fc.record({
  x: fc.tuple(integer, integer, integer),
  reconstruction: fc.tuple(integer, integer, integer),
  latents: fc.dictionary(fc.nat(D_SAE - 1).map(String), fc.integer({ min: 1, max: 9 }), { maxKeys: D_SAE }),
});
/** Of some variance, and reconstructions that point to the data. */
const tokens = fc.array(token, { minLength: 2, maxLength: 25 }).filter((all) => {
  const varied = all.some(({ x }) => x[0] !== all[0]!.x[0]);
  const aligned = all.reduce((sum, { x, reconstruction: r }) => sum + x.reduce((s, v, c) => s + v * r![c]!, 0), 0);
  return varied && aligned > 0;
});

/** Each token keeps its row, whenever it comes. */
function inOrder<R>(metric: Metric<R>, all: readonly Token[], order: readonly number[]): R {
  const run = metric.start({ dIn: 3, dSae: D_SAE });
  for (const row of order) void run.update(batchOf([all[row]!], { dSae: D_SAE, firstRow: row }));
  return run.finish();
}

function expectClose(actual: unknown, expected: unknown, relative = 1e-11): void {
  expect(Math.abs((actual as number) - (expected as number))).toBeLessThanOrEqual(
    relative * Math.abs(expected as number),
  );
}

const shuffled = tokens.chain((all) => {
  const rows = all.map((_, row) => row);
  return fc.tuple(fc.constant(all), fc.shuffledSubarray(rows, { minLength: rows.length, maxLength: rows.length }));
});

describe.each<[string, () => Metric<unknown>]>([
  ["fvu", fvu],
  ["mse", mse],
  ["shrinkage", shrinkage],
  ["l0", l0],
  ["latentDensity", latentDensity],
  ["coactivation", () => coactivation({ minTogether: 1 })],
  ["topTokens", () => topTokens({ perLatent: 2 })],
])("%s", (_, metric) => {
  it("does not depend on the order of tokens", () => {
    fc.assert(
      fc.property(shuffled, ([all, order]) => {
        const whole = measure(metric(), all, [], D_SAE);
        if (typeof whole === "number") expectClose(inOrder(metric(), all, order), whole);
        else expect(inOrder(metric(), all, order)).toEqual(whole);
      }),
    );
  });
});

describe("latents under other numbers", () => {
  const renumbered = (all: readonly Token[]): readonly Token[] =>
    all.map(({ latents, ...rest }) => ({
      ...rest,
      latents: Object.fromEntries(Object.entries(latents!).map(([j, value]) => [(5 * Number(j)) % D_SAE, value])),
    }));

  it("have the same L0, and their densities and powers under the new numbers", () => {
    fc.assert(
      fc.property(tokens, (all) => {
        const other = renumbered(all);
        expect(measure(l0(), other, [], D_SAE)).toEqual(measure(l0(), all, [], D_SAE));
        const [density, powers] = [measure(latentDensity(), all, [], D_SAE), measure(latentPower(), all, [], D_SAE)];
        const moved = {
          density: measure(latentDensity(), other, [], D_SAE),
          powers: measure(latentPower(), other, [], D_SAE),
        };
        for (let j = 0; j < D_SAE; j++) {
          expect(moved.density.counts[(5 * j) % D_SAE]).toBe(density.counts[j]);
          expect(moved.powers.meanSquare[(5 * j) % D_SAE]).toBe(powers.meanSquare[j]);
        }
        expect(moved.density).toMatchObject({ dead: density.dead, log10Histogram: density.log10Histogram });
        expect(moved.powers.variance).toBe(powers.variance);
      }),
    );
  });
});

type Change = (row: readonly number[]) => readonly number[];
const changed = (all: readonly Token[], change: Change): readonly Token[] =>
  all.map(({ x, reconstruction, ...rest }) => ({ ...rest, x: change(x), reconstruction: change(reconstruction!) }));

describe("activations in other axes and units", () => {
  it("have the same FVU, MSE, shrinkage and variance when rotated", () => {
    const angle = fc.double({ min: 0, max: 6, noNaN: true });
    fc.assert(
      fc.property(tokens, angle, (all, phi) => {
        const [cos, sin] = [Math.cos(phi), Math.sin(phi)];
        const turned = changed(all, ([a, b, c]) => [c!, cos * a! - sin * b!, -(sin * a! + cos * b!)]);
        // what is given to a metric is float32
        const closeTo = (metric: Metric<number | undefined>): void => {
          const [before, after] = [measure(metric, all)!, measure(metric, turned)!];
          expect(Math.abs(after - before)).toBeLessThanOrEqual(1e-4 * before + 1e-9);
        };
        closeTo(fvu());
        closeTo(mse());
        expectClose(measure(latentPower(), turned).variance, measure(latentPower(), all).variance, 1e-5);
        const product = all.reduce(
          (sum, { x, reconstruction: r }) => sum + x.reduce((s, v, c) => s + v * r![c]!, 0),
          0,
        );
        if (product > 100) closeTo(shrinkage());
      }),
    );
  });

  it("have the same FVU, MSE and shrinkage to the last bits when axes change places and signs", () => {
    fc.assert(
      fc.property(tokens, (all) => {
        const turned = changed(all, ([a, b, c]) => [-c!, a!, -b!]);
        for (const metric of [fvu(), mse(), shrinkage()] as readonly Metric<number | undefined>[]) {
          expectClose(measure(metric, turned), measure(metric, all));
        }
      }),
    );
  });

  it("have the same FVU and shrinkage in other units; MSE and variance have theirs squared", () => {
    fc.assert(
      fc.property(tokens, fc.constantFrom(0.25, 8, -2), (all, unit) => {
        const scaled = changed(all, (row) => row.map((value) => unit * value));
        expectClose(measure(fvu(), scaled), measure(fvu(), all));
        expectClose(measure(shrinkage(), scaled), measure(shrinkage(), all));
        expectClose(measure(mse(), scaled), unit ** 2 * measure(mse(), all));
        expectClose(measure(latentPower(), scaled).variance, unit ** 2 * measure(latentPower(), all).variance);
      }),
    );
  });

  it("are as much too short as their reconstructions are divided by", () => {
    fc.assert(
      fc.property(tokens, fc.constantFrom(0.5, 2, 4), (all, factor) => {
        const longer = all.map((one): Token => ({
          ...one,
          reconstruction: one.reconstruction!.map((v) => factor * v),
        }));
        expectClose(measure(shrinkage(), longer), factor * measure(shrinkage(), all)!);
      }),
    );
  });

  it("have an FVU that is their MSE over their variance", () => {
    fc.assert(
      fc.property(tokens, (all) => {
        expectClose(measure(fvu(), all), (3 * measure(mse(), all)) / measure(latentPower(), all).variance);
      }),
    );
  });
});
