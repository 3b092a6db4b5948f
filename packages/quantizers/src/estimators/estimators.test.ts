/** Gradients of every estimator against what they are said to be: by hand, or by finite differences where they are exact. */
import { beforeAll, describe, expect, it } from "vitest";
import { fakeQuantize, normals, openBackend, type Quantizer, type Tensor, type TensorOps } from "@qsae/core";
import { binary } from "../binary.ts";
import { centeredInt } from "../centered-int.ts";
import { codebook } from "../codebook.ts";
import { int } from "../int.ts";
import { residual } from "../residual.ts";
import { ternary } from "../ternary.ts";
import { twosComplement } from "../twos-complement.ts";
import { annealedBeta, annealedLevel } from "./annealed-sigmoid.ts";
import { clippedStraightThrough } from "./clipped-straight-through.ts";
import { learnedStep } from "./learned-step.ts";
import { secantCorrected } from "./secant.ts";
import { sigmoidSlope } from "./sigmoid-slope.ts";
import { bitWorths, softBitWeights, undecidedBits } from "./soft-bits.ts";
import { straightThrough } from "./straight-through.ts";

let ops: TensorOps;
beforeAll(async () => {
  ops = (await openBackend("cpu")).ops;
});
const read = async (a: Tensor): Promise<number[]> => [...(await ops.read(a)).data];

/** Gradients of sum(direction * q(w)) to w and to the scale. */
async function gradients(
  quantizer: Quantizer,
  {
    w,
    shape,
    scale,
    scaleShape,
    direction,
  }: {
    w: readonly number[];
    shape: readonly number[];
    scale: readonly number[];
    scaleShape: readonly number[];
    direction: readonly number[];
  },
): Promise<{ w: number[]; scale: number[] }> {
  const { grads } = ops.valueAndGrads(
    { w: ops.tensor(w, shape), scale: ops.tensor(scale, scaleShape) },
    ({ w: weights, scale: steps }) => ({
      loss: ops.sum(ops.mul(ops.tensor(direction, shape), fakeQuantize(ops, quantizer, weights!, { scale: steps! }))),
      aux: {},
    }),
  );
  return { w: await read(grads["w"]!), scale: await read(grads["scale"]!) };
}

const five = {
  w: [-2.6, -0.2, 0.9, 1.7, 9],
  shape: [1, 5],
  scale: [0.5],
  scaleShape: [1, 1],
  direction: [1, 2, 3, 4, 5],
};

describe("straightThrough", () => {
  it("passes gradients on, and is exact to the scale while codes stand", async () => {
    const given = await gradients(straightThrough(int(3)), five); // codes -3, 0, 2, 3, 3
    expect(given.w).toEqual(five.direction);
    expect(given.scale[0]).toBeCloseTo(1 * -3 + 2 * 0 + 3 * 2 + 4 * 3 + 5 * 3, 5);
  });
  it("takes other estimators away", async () => {
    const again = straightThrough(learnedStep(int(3)));
    expect(again.options).toEqual({ bits: 3 });
    expect(await gradients(again, five)).toEqual(await gradients(int(3), five));
  });
});

describe("clippedStraightThrough", () => {
  it("stops the gradient of weights beyond the outermost levels", async () => {
    const given = await gradients(clippedStraightThrough(int(3)), five); // levels -1.5 .. 1.5
    expect(given.w).toEqual([0, 2, 3, 0, 0]);
    expect(given.scale).toEqual((await gradients(int(3), five)).scale);
  });
  it.each<[Quantizer, number[]]>([
    [binary(), [0, 2, 0, 0, 0]], // -0.5, 0.5
    [centeredInt(3), [0, 2, 3, 4, 0]], // -1.75 .. 1.75
    [codebook([-6, 0, 1]), [1, 2, 0, 0, 0]], // -3 .. 0.5
    [twosComplement(3, 2), [0, 2, 3, 0, 0]], // -2 .. 1.5
  ])("of %o", async (quantizer, expected) => {
    expect((await gradients(clippedStraightThrough(quantizer), five)).w).toEqual(expected);
  });
  it("leaves a fixed scale fixed", async () => {
    expect((await gradients(clippedStraightThrough(twosComplement(3, 2)), five)).scale).toEqual([0]);
  });
  it("takes the planes of a sum together, and groups by their own scales", async () => {
    const sum = { ...five, scale: [1, 0.5], scaleShape: [2, 1, 1] }; // -1.5 .. 1.5
    expect((await gradients(clippedStraightThrough(residual(ternary(), 2)), sum)).w).toEqual([0, 2, 3, 0, 0]);
    const groups = { w: [1, 1, 1, 1], shape: [2, 2], scale: [0.5, 2], scaleShape: [2, 1], direction: [1, 1, 1, 1] };
    expect((await gradients(clippedStraightThrough(ternary()), groups)).w).toEqual([0, 0, 1, 1]);
    const halves = { ...groups, shape: [1, 4], scaleShape: [1, 2] };
    expect((await gradients(clippedStraightThrough(ternary({ per: 2 })), halves)).w).toEqual([0, 0, 1, 1]);
  });
});

describe("learnedStep", () => {
  /**
   * The function whose exact gradient LSQ is, near a weight and a scale: the rounding error, in steps, stands where the weight lies
   * between the outermost levels; elsewhere the level stands.
   */
  const surrogate = (levels: readonly number[], wAt: number, scaleAt: number) => {
    const v = wAt / scaleAt;
    const nearest = levels.reduce((best, level) => (Math.abs(level - v) < Math.abs(best - v) ? level : best));
    const inside = v >= Math.min(...levels) && v <= Math.max(...levels);
    return (w: number, scale: number): number => (inside ? w + scale * (nearest - v) : scale * nearest);
  };
  it.each<[Quantizer, number[]]>([
    [int(3), [-3, -2, -1, 0, 1, 2, 3]],
    [binary(), [-1, 1]],
    [centeredInt(2), [-1.5, -0.5, 0.5, 1.5]],
    [codebook([-6, 0, 1]), [-6, 0, 1]],
  ])("of %o is the finite difference of rounding that is straight through inside", async (quantizer, levels) => {
    const at = five.scale[0]!;
    const rounded = five.w.map((w) => surrogate(levels, w, at));
    const loss = (w: readonly number[], scale: number): number =>
      w.reduce((sum, value, i) => sum + five.direction[i]! * rounded[i]!(value, scale), 0);
    const epsilon = 1e-3;
    const given = await gradients(learnedStep(quantizer), five);
    expect(given.scale[0]).toBeCloseTo((loss(five.w, at + epsilon) - loss(five.w, at - epsilon)) / (2 * epsilon), 4);
    given.w.forEach((gradient, i) => {
      const moved = (by: number) => five.w.map((value, j) => (i === j ? value + by : value));
      expect(gradient).toBeCloseTo((loss(moved(epsilon), at) - loss(moved(-epsilon), at)) / (2 * epsilon), 4);
    });
  });
  it("is divided by sqrt(weights of a scale * largest level) where that is asked for", async () => {
    const [plain, scaled] = [learnedStep(int(3)), learnedStep(int(3), { gradientScale: true })];
    const [a, b] = [await gradients(plain, five), await gradients(scaled, five)];
    expect(b.w).toEqual(a.w);
    expect(b.scale[0]).toBeCloseTo(a.scale[0]! / Math.sqrt(5 * 3), 5);
  });
  it("has a scale per group as well", async () => {
    const w = [0.3, 0.8, -1.4, 0.2];
    const one = async (from: number, scale: number) =>
      (
        await gradients(learnedStep(int(2)), {
          w: w.slice(from, from + 2),
          shape: [1, 2],
          scale: [scale],
          scaleShape: [1, 1],
          direction: [1, 2],
        })
      ).scale[0]!;
    const both = await gradients(learnedStep(int(2, { per: 2 })), {
      w,
      shape: [1, 4],
      scale: [0.5, 1],
      scaleShape: [1, 2],
      direction: [1, 2, 1, 2],
    });
    expect(both.scale).toEqual([await one(0, 0.5), await one(2, 1)]);
  });
  it("refuses sums of planes", () => {
    expect(() => learnedStep(residual(ternary(), 2))).toThrow(
      "residual is a sum of 2 planes, which LSQ does not define",
    );
  });
});

/** Slope of sum(f) along a direction, and what the gradient predicts. */
async function slopes(f: (a: Tensor) => Tensor, values: Float32Array, shape: number[]): Promise<[number, number]> {
  const [a, along] = [ops.tensor(values, shape), ops.tensor(normals(values.length, 1, 9), shape)];
  const probe = (b: Tensor): Tensor => {
    const out = f(b);
    return ops.sum(ops.mul(out, ops.randomNormal(out.shape, 1, 4)));
  };
  const { grads } = ops.valueAndGrads({ a }, (params) => ({ loss: probe(params["a"]!), aux: {} }));
  const epsilon = 1e-2;
  const [up] = await read(probe(ops.add(a, ops.mul(along, epsilon))));
  const [down] = await read(probe(ops.sub(a, ops.mul(along, epsilon))));
  const [predicted] = await read(ops.sum(ops.mul(grads["a"]!, along)));
  return [(up! - down!) / (2 * epsilon), predicted!];
}

describe("annealedLevel", () => {
  it.each([1, 2, 4])("goes from the weights to their levels: %d bits", async (bits) => {
    const v = Float32Array.from({ length: 41 }, (_, i) => (i - 20) / 7 + 0.01);
    const most = 2 ** (bits - 1);
    const level = async (beta: number) => read(annealedLevel(ops, ops.tensor(v, [1, v.length]), bits, beta));
    (await level(1e-3)).forEach((soft, i) => {
      if (Math.abs(v[i]!) < most - 0.5) expect(soft).toBeCloseTo(v[i]!, 3);
    });
    (await level(annealedBeta(1))).forEach((hard, i) => {
      if (Math.abs(v[i]! - Math.round(v[i]!)) < 0.02) return; // within 1/60 of a threshold
      expect(hard).toBeCloseTo(Math.min(Math.max(Math.floor(v[i]!), -most), most - 1) + 0.5, 3);
    });
  });
  it("has exact gradients", async () => {
    const v = normals(40, 1, 2).map((value) => Math.round(value) + 0.2); // away from where the threshold changes
    const [slope, predicted] = await slopes((a) => annealedLevel(ops, a, 3, 3), v, [4, 10]);
    expect(Math.abs(slope - predicted)).toBeLessThan(2e-3 * Math.abs(predicted));
  });
});

describe("soft bits", () => {
  const [rows, cols, bits, gamma] = [2, 3, 4, 1.5];
  const step = gamma / 2 ** (bits - 1);
  const logits = normals(rows * cols * bits, 1, 5);
  it("are twosComplement's weights once they are decided", async () => {
    const decided = logits.map((logit) => 200 * Math.sign(logit));
    const weights = await read(softBitWeights(ops, ops.tensor(decided, [rows, cols * bits]), bits, step));
    const quantizer = twosComplement(bits, gamma);
    const codes = weights.map((_, at) =>
      bitWorths(bits).reduce((code, worth, i) => code + (decided[at * bits + i]! > 0 ? worth : 0), 0),
    );
    expect(weights).toEqual(codes.map((code) => code * step));
    const w = ops.tensor(weights, [rows, cols]);
    expect(await read(quantizer.encode(ops, w, quantizer.calibrate(ops, w)))).toEqual(codes.map((code) => code + 0));
    const [undecided] = await read(undecidedBits(ops, ops.tensor(decided, [rows, cols * bits]), bits));
    expect(undecided).toBe(0);
  });
  it("are the most undecided, and between the levels, at 0", async () => {
    const zeros = ops.zeros([rows, cols * bits]);
    expect((await read(softBitWeights(ops, zeros, bits, step)))[0]).toBeCloseTo(-step / 2, 6);
    expect((await read(undecidedBits(ops, zeros, bits)))[0]).toBeCloseTo((1 + 2 + 4 + 8) / 4 / 4, 6);
  });
  it.each<[string, (a: Tensor) => Tensor]>([
    ["weights", (a) => softBitWeights(ops, a, bits, step)],
    ["undecided bits", (a) => undecidedBits(ops, a, bits)],
  ])("have exact gradients: %s", async (_, f) => {
    const [slope, predicted] = await slopes(f, logits, [rows, cols * bits]);
    expect(Math.abs(slope - predicted)).toBeLessThan(5e-3 * Math.abs(predicted));
  });
});

describe("the reference's straight-through sigmoid", () => {
  it("has the slope of sigmoid", async () => {
    const [slope, predicted] = await slopes((a) => ops.sigmoid(a), Float32Array.of(0.3, -1, 2), [3]);
    expect(slope).toBeCloseTo(predicted, 3);
    const s = 1 / (1 + Math.exp(-0.7));
    expect((await read(sigmoidSlope(ops, ops.tensor([0.7], [1]))))[0]).toBeCloseTo(s * (1 - s), 6);
  });
  it("is corrected by the secant: g - mean z alpha^2 B s (1 - s) / d_in", async () => {
    const w = [0.5, -1, 0, 2, -0.1, 3];
    const signs = w.map((value) => (value >= 0 ? 1 : -1));
    const [alpha, meanLatents] = [
      [0.5, 2],
      [0.25, 1.5],
    ];
    const corrected = secantCorrected(ops, {
      gradient: ops.tensor([1, 2, 3, 4, 5, 6], [2, 3]),
      w: ops.tensor(w, [2, 3]),
      signs: ops.tensor(signs, [2, 3]),
      alpha: ops.tensor(alpha, [2, 1]),
      meanLatents: ops.tensor(meanLatents, [2]),
    });
    (await read(corrected)).forEach((value, i) => {
      const [row, s] = [Math.floor(i / 3), 1 / (1 + Math.exp(-w[i]!))];
      const term = (meanLatents[row]! * alpha[row]! ** 2 * signs[i]! * s * (1 - s)) / 3;
      expect(value).toBeCloseTo(i + 1 - term, 5);
    });
  });
});
