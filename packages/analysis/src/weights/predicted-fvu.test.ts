import { arraySource } from "@qsae/core";
import { loadSae, NonFiniteError, UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dictionary } from "../cosine/atoms.fixture.ts";
import { evaluateSae } from "../evaluate.ts";
import { fvu } from "../metrics/fvu.ts";
import { latentPower } from "../metrics/latent-power.ts";
import { floatMatrix, packedSae } from "./packed.fixture.ts";
import { predictedFvuIncrease } from "./predicted-fvu.ts";

const float = dictionary([
  [1, 0],
  [0, 1],
  [2, 2],
]);
const quantized = dictionary([
  [1, 0.5],
  [3, 1],
  [2, 2],
]);

describe("predictedFvuIncrease", () => {
  it("weighs the errors of atoms with how strongly they fire; who never fires costs nothing", () => {
    const power = { meanSquare: Float64Array.of(8, 0, 5), variance: 4 };
    expect(predictedFvuIncrease(quantized, float, power)).toEqual({
      total: (8 * 0.25) / 4,
      perLatent: Float64Array.of(0.5, 0, 0),
      squaredErrors: Float64Array.of(0.25, 9, 0),
      worst: [{ latent: 0, increase: 0.5 }],
    });
  });

  it("names as many of the worst as it is asked to", () => {
    const power = { meanSquare: Float64Array.of(1, 1, 1), variance: 1 };
    const worst = (count: number) => predictedFvuIncrease(quantized, float, power, { worst: count }).worst;
    expect(worst(1)).toEqual([{ latent: 1, increase: 9 }]);
    expect(worst(5).map(({ latent }) => latent)).toEqual([1, 0]);
  });

  it("is what is measured where one latent fires at a time and explains all", async () => {
    const error = fc.integer({ min: -8, max: 8 }).map((eighths) => eighths / 8);
    const tokens = fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 9 })), { minLength: 2, maxLength: 20 });
    const identity = [[1, 0], [0, 1]]; // prettier-ignore
    await fc.assert(
      fc.asyncProperty(tokens, error, error, async (given, e0, e1) => {
        const x = Float32Array.from(given.flatMap(([j, z]) => (j === 0 ? [z, 0] : [0, z])));
        fc.pre(x.some((value, at) => value !== x[at % 2]));
        const [good, bad] = [
          identity,
          [
            [1 + e0, e1],
            [e1, 1],
          ],
        ].map((atoms) =>
          // prettier-ignore
          loadSae(packedSae([floatMatrix(identity), floatMatrix(atoms)])),
        );
        const metrics = { fvu: fvu(), power: latentPower() };
        const before = await evaluateSae(good!, arraySource(x, 2), { metrics });
        const after = await evaluateSae(bad!, arraySource(x, 2), { metrics });
        const predicted = predictedFvuIncrease(bad!, good!, before.metrics.power).total;
        expect(predicted).toBeCloseTo(after.metrics.fvu - before.metrics.fvu, 10);
      }),
      { numRuns: 50 },
    );
  });

  it("is 0 for the SAE itself, and grows with the square of the errors", () => {
    const power = { meanSquare: Float64Array.of(8, 2, 5), variance: 4 };
    const none = { total: 0, perLatent: new Float64Array(3), squaredErrors: new Float64Array(3), worst: [] };
    expect(predictedFvuIncrease(float, float, power)).toEqual(none);
    const error = fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 }));
    fc.assert(
      fc.property(fc.tuple(error, error, error), (errors) => {
        const off = (factor: number): number => {
          const rows = errors.map((row, j) => row.map((value, c) => float.atom(j)[c]! + factor * value));
          return predictedFvuIncrease(dictionary(rows), float, power).total;
        };
        expect(off(2)).toBeCloseTo(4 * off(1), 10);
        expect(off(-1)).toBe(off(1));
      }),
    );
  });

  it("refuses other shapes and atoms that are not finite", () => {
    const power = { meanSquare: Float64Array.of(1, 1, 1), variance: 1 };
    expect(() => predictedFvuIncrease(dictionary([[1, 0]]), float, power)).toThrow(UsageError);
    const broken = dictionary([[1, 0], [0, Infinity], [0, 0]]); // prettier-ignore
    expect(() => predictedFvuIncrease(broken, float, power)).toThrow(NonFiniteError);
    expect(() => predictedFvuIncrease(broken, float, power)).toThrow("latent 1");
  });
});
