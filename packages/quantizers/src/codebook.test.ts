/** Levels for Gaussian weights and for given ones. */
import { describe, expect, it } from "vitest";
import { normals, openBackend } from "@qsae/core";
import { binary } from "./binary.ts";
import { codebook } from "./codebook.ts";
import { fitCodebook } from "./fit-codebook.ts";
import { lloydMaxLevels } from "./lloyd-max.ts";
import { normalFloat } from "./normal-float.ts";

describe("lloydMaxLevels", () => {
  // Max 1960, table 1
  it.each([
    [2, [0.798]],
    [3, [0, 1.224]],
    [4, [0.4528, 1.51]],
    [5, [0, 0.7646, 1.724]],
    [8, [0.2451, 0.756, 1.344, 2.152]],
    [16, [0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733]],
  ])("are those of Max for %d levels", (count, upper) => {
    const levels = lloydMaxLevels(count);
    expect(levels.length).toBe(count);
    levels.slice(Math.floor(count / 2)).forEach((level, i) => expect(level).toBeCloseTo(upper[i]!, 3));
  });
  it.each([2, 7, 32, 256])("are symmetric, ascend and have seven digits: %d", (count) => {
    const levels = lloydMaxLevels(count);
    levels.forEach((level, i) => {
      expect(level).toBe(-levels[count - 1 - i]! + 0);
      expect(level).toBe(Number(level.toPrecision(7)));
      if (i > 0) expect(level).toBeGreaterThan(levels[i - 1]!);
    });
  });
  it.each([1, 257, 2.5])("refuses %d levels", (count) => {
    expect(() => lloydMaxLevels(count)).toThrow(`count=${count} is not allowed; use an integer in 2..256`);
  });
});

describe("codebook", () => {
  it("rounds to the nearest level, halves up, for any number of levels", async () => {
    const { ops } = await openBackend("cpu");
    for (const count of [2, 3, 4, 5, 7, 8, 9, 31]) {
      const levels = Array.from({ length: count }, (_, i) => i * i - 3);
      const w = Float32Array.from({ length: 200 }, (_, i) => -6 + (i / 200) * (count * count));
      const quantizer = codebook(levels);
      const codes = ops.tidy(() =>
        quantizer.encode(ops, ops.tensor(w, [1, w.length]), { scale: ops.tensor([1], [1, 1]) }),
      );
      const wanted = Array.from(w, (value) =>
        levels.findLastIndex((level, i) => i === 0 || value >= (level + levels[i - 1]!) / 2),
      );
      expect([...(await ops.read(codes)).data]).toEqual(wanted);
      ops.dispose(codes);
    }
  });
  it("of -1 and 1 is binary", async () => {
    const { ops } = await openBackend("cpu");
    const [a, b] = ops.tidy(() => {
      const w = ops.tensor(normals(200, 1, 4), [4, 50]);
      return [codebook([-1, 1]).calibrate(ops, w).scale, binary().calibrate(ops, w).scale];
    });
    const [mine, wanted] = [(await ops.read(a)).data, (await ops.read(b)).data];
    mine.forEach((scale, i) => expect(scale).toBeCloseTo(wanted[i]!, 5));
  });
  it.each([
    [[1], "1 levels are not allowed; give 2 to 256"],
    [[0, 0], "level 1 is 0 after 0; levels must be finite numbers that ascend"],
    [[1, 1 + 1e-12], "as float32 too"],
    [[NaN, 1], "level 0 is NaN"],
  ])("refuses %j", (levels, message) => {
    expect(() => codebook(levels)).toThrow(message);
  });
  it("normalFloat refuses other widths", () => {
    expect(() => normalFloat(1)).toThrow('bits=1 is not allowed; use an integer in 2..8 (1 bit is "binary")');
  });
});

describe("fitCodebook", () => {
  it("finds the Gaussian's levels for Gaussian rows of any size", () => {
    const data = normals(64 * 1024, 1, 1).map((w, i) => w * 10 ** ((i >> 10) % 5));
    fitCodebook({ shape: [64, 1024], data }, 8).forEach((level, i) =>
      expect(level).toBeCloseTo(lloydMaxLevels(8)[i]!, 1),
    );
  });
  it("finds levels that weights are on", () => {
    const data = Float32Array.from({ length: 600 }, (_, i) => [-3, -1, 1, 3][i % 4]!);
    expect(fitCodebook({ shape: [6, 100], data }, 4)).toEqual(
      [-3, -1, 1, 3].map((w) => Number((w / Math.sqrt(5)).toPrecision(7))),
    );
  });
  it("beats the Gaussian's levels where weights are not Gaussian", async () => {
    const backend = await openBackend("wasm", { threads: 1 });
    const { ops } = backend;
    const data = normals(32 * 512, 1, 2).map((w) => w ** 3);
    const error = async (levels: readonly number[]): Promise<number> => {
      const quantizer = codebook(levels);
      const total = ops.tidy(() => {
        const w = ops.tensor(data, [32, 512]);
        const grid = quantizer.calibrate(ops, w);
        const cells = ops.toInt32(ops.reshape(quantizer.encode(ops, w, grid), [-1]));
        const q = ops.reshape(ops.gather(ops.tensor(levels, [levels.length]), cells), [32, 512]);
        return ops.sum(ops.square(ops.sub(w, ops.mul(q, grid.scale))));
      });
      return (await ops.read(total)).data[0]!;
    };
    expect(await error(fitCodebook({ shape: [32, 512], data }, 8))).toBeLessThan(
      0.8 * (await error(lloydMaxLevels(8))),
    );
    await backend.close();
  });
  it("draws the same from many weights for the same seed, and skips rows of zeros", () => {
    const data = normals(600 * 1024, 1, 3).fill(0, 0, 1024);
    const levels = (seed?: number) => fitCodebook({ shape: [600, 1024], data }, 4, seed === undefined ? {} : { seed });
    expect(levels(1)).toEqual(levels(1));
    expect(levels(1)).not.toEqual(levels());
  });
  it("refuses weights that are not finite, naming the row, and too few values", () => {
    expect(() => fitCodebook({ shape: [2, 2], data: Float32Array.of(1, 2, 3, NaN) }, 2)).toThrow(
      "row 1 has weights that are not finite",
    );
    expect(() => fitCodebook({ shape: [1, 4], data: Float32Array.of(1, 2, 1, 2) }, 3)).toThrow(
      "too few different values for 3 levels",
    );
    expect(() => fitCodebook({ shape: [2, 2], data: new Float32Array(4) }, 2)).toThrow("too few different values");
  });
});
