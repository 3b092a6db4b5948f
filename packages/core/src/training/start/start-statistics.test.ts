import { describe, expect, it } from "vitest";
import { arraySource } from "../../array-source.ts";
import { normals } from "../../random.ts";
import { withTargets } from "../run.fixture.ts";
import { geometricMedian } from "./geometric-median.ts";
import { startStatistics } from "./start-statistics.ts";

const none = { seed: 0, b_dec_init: "mean", normalize_input: "none" } as const;

describe("startStatistics", () => {
  const x = normals(3000 * 4, 1, 1).map((value, i) => 3 * value + (i % 4));
  const source = arraySource(x, 4);

  it("centers on the mean, the geometric median or zero, of the targets where there are some", async () => {
    const mean = [0, 1, 2, 3].map((j) => x.filter((_, i) => i % 4 === j).reduce((a, b) => a + b) / 3000);
    const { center } = await startStatistics(source, none);
    center.forEach((value, j) => expect(value).toBeCloseTo(mean[j]!, 5));

    const median = await startStatistics(source, { ...none, b_dec_init: "geometric-median" });
    geometricMedian(x, 4).forEach((value, j) => expect(median.center[j]).toBeCloseTo(value, 3));

    expect([...(await startStatistics(source, { ...none, b_dec_init: "zeros" })).center]).toEqual([0, 0, 0, 0]);

    const shifted = withTargets(source, (rows) => rows.map((value) => value + 10));
    (await startStatistics(shifted, none)).center.forEach((v, j) => expect(v).toBeCloseTo(mean[j]! + 10, 4));
  });

  it("scales activations, whatever the targets, to a mean norm of sqrt(d_in)", async () => {
    const { inputScale } = await startStatistics(
      withTargets(source, (rows) => rows.map(() => 1)),
      none,
    );
    const norms = Array.from({ length: 3000 }, (_, i) => Math.hypot(...x.subarray(4 * i, 4 * i + 4)));
    expect((inputScale * norms.reduce((a, b) => a + b)) / 3000).toBeCloseTo(2, 5);
    expect(Math.fround(inputScale)).toBe(inputScale);
  });

  it("refuses to scale zeros, and data without tokens", async () => {
    const zeros = arraySource(new Float32Array(8), 4);
    await expect(startStatistics(zeros, { ...none, normalize_input: "expected-norm" })).rejects.toThrow(
      "allowed: none",
    );
    expect([...(await startStatistics(zeros, none)).center]).toEqual([0, 0, 0, 0]);
    await expect(startStatistics(arraySource(new Float32Array(0), 4), none)).rejects.toThrow("no tokens");
  });
});
