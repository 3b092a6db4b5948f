import { describe, expect, it } from "vitest";
import { normals } from "@qsae/core";
import { latentCodes, type LatentCodes } from "../calibration/latent-codes.ts";
import { fitScores, type FitScoresOptions } from "./fit-scores.ts";

const [tokens, dIn, dSae] = [200, 5, 3];
const x = normals(tokens * dIn, 1, 1).map((value) => value + 0.5);
const rows = normals(dSae * dIn, 1, 2);
const center = normals(dIn, 0.5, 3);
const bEnc = Float32Array.of(0.1, -0.2, 0.3);

const quantizedScore = (
  t: number,
  j: number,
  from: Float32Array = new Float32Array(dIn),
  w: Float32Array = rows,
): number => {
  let sum = 0;
  for (let d = 0; d < dIn; d++) sum += (x[t * dIn + d]! - from[d]!) * w[j * dIn + d]!;
  return sum;
};

/** Float scores of latent j on the tokens that `isClose` to firing. */
function scoresOf(score: (t: number, j: number) => number, isClose: (t: number, j: number) => boolean): LatentCodes {
  const perToken = Array.from({ length: tokens }, (_, t) =>
    Array.from({ length: dSae }, (_, j) => j)
      .filter((j) => isClose(t, j))
      .map((j) => [j, score(t, j)] as const),
  );
  const offsets = new Int32Array(tokens + 1);
  for (const [t, own] of perToken.entries()) offsets[t + 1] = offsets[t]! + own.length;
  return latentCodes({
    dSae,
    offsets,
    indices: Int32Array.from(perToken.flat(), ([j]) => j),
    values: Float32Array.from(perToken.flat(), ([, value]) => value),
  });
}

const noise = normals(tokens * dSae, 0.1, 4);
const fit = (scores: LatentCodes, change: Partial<FitScoresOptions> = {}) =>
  fitScores({ rows, bEnc, tokens: { tokens, dIn, x, target: x }, scores, ...change });
const always = (): boolean => true;

describe("fitScores", () => {
  it.each([undefined, center])("is the regression line of every latent, on the tokens where it is close (%#)", (of) => {
    const isClose = (t: number, j: number): boolean => (t + j) % 3 > 0;
    const truth = (t: number, j: number): number => 0.9 * quantizedScore(t, j, of) - j + noise[t * dSae + j]!;
    const { gain, bEnc: fitted } = fit(scoresOf(truth, isClose), of ? { center: of } : {});
    for (let j = 0; j < dSae; j++) {
      const points = Array.from({ length: tokens }, (_, t) => t)
        .filter((t) => isClose(t, j))
        .map((t) => [quantizedScore(t, j, of), truth(t, j)] as const);
      const mean = (f: (p: readonly [number, number]) => number): number =>
        points.reduce((sum, p) => sum + f(p), 0) / points.length;
      const [q, h] = [mean((p) => p[0]), mean((p) => p[1])];
      const slope = mean((p) => (p[0] - q) * (p[1] - h)) / mean((p) => (p[0] - q) ** 2);
      expect(gain[j]).toBeCloseTo(slope, 5);
      expect(fitted[j]).toBeCloseTo(h - slope * q, 5);
      expect(slope).toBeCloseTo(0.9, 1);
    }
  });

  it("fits biases alone where gains have nowhere to go", () => {
    const { gain, bEnc: fitted } = fit(
      scoresOf((t, j) => 0.5 * quantizedScore(t, j) + j, always),
      { biasOnly: true },
    );
    expect([...gain]).toEqual([1, 1, 1]);
    for (let j = 0; j < dSae; j++) {
      let rest = 0;
      for (let t = 0; t < tokens; t++) rest += 0.5 * quantizedScore(t, j) + j - quantizedScore(t, j);
      expect(fitted[j]).toBeCloseTo(rest / tokens, 5);
    }
  });

  it("leaves a latent alone that is close on fewer than 16 tokens", () => {
    for (const [count, stays] of [
      [0, true],
      [15, true],
      [16, false],
    ] as const) {
      const { gain, bEnc: fitted } = fit(
        scoresOf(
          (t, j) => 0.8 * quantizedScore(t, j) + 5,
          (t, j) => j !== 1 || t < count,
        ),
      );
      expect(gain[1] === 1 && fitted[1] === bEnc[1]).toBe(stays);
      expect(gain[0]).toBeCloseTo(0.8, 5);
    }
  });

  it("takes the mean where quantized scores do not vary", () => {
    // a token seen again and again, and rows of zeros, as those of dropped latents are
    const same = x.map((_, at) => x[at % dIn]!);
    const scores = scoresOf((t) => 3 + (t % 2), always);
    for (const w of [rows, new Float32Array(dSae * dIn)]) {
      const { gain, bEnc: fitted } = fit(scores, { rows: w, tokens: { tokens, dIn, x: same, target: same } });
      expect([...gain]).toEqual([1, 1, 1]);
      for (let j = 0; j < dSae; j++) {
        const q = w === rows ? quantizedScore(0, j) : 0;
        expect(fitted[j]).toBeCloseTo(3.5 - q, 4);
      }
    }
  });

  it("keeps gains between a half and 2", () => {
    for (const [slope, expected] of [
      [-1, 0.5],
      [0, 0.5],
      [0.2, 0.5],
      [1.5, 1.5],
      [9, 2],
    ] as const) {
      const { gain } = fit(scoresOf((t, j) => slope * quantizedScore(t, j) + 1, always));
      for (const g of gain) expect(g).toBeCloseTo(expected, 5);
    }
  });
});
