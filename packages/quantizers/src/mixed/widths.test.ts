import { describe, expect, it } from "vitest";
import { gaussianWidths, quantizerOfWidth, rowBytes, widthBits } from "./widths.ts";

/** Least error of rounding N(0, 1) to a uniform grid of so many levels: numerical integration, steps searched. */
function gaussianOptimum(levels: number): number {
  const error = (step: number): number => {
    const [width, cells] = [7, 14_000];
    let total = 0;
    for (let i = 0; i < cells; i++) {
      const w = -width + ((i + 0.5) * 2 * width) / cells;
      const level = Math.round(w / step + (levels - 1) / 2);
      const nearest = (Math.max(0, Math.min(levels - 1, level)) - (levels - 1) / 2) * step;
      total += (w - nearest) ** 2 * Math.exp((-w * w) / 2);
    }
    return (total * 2 * width) / cells / Math.sqrt(2 * Math.PI);
  };
  let [low, high] = [0.01, 3];
  while (high - low > 1e-5) {
    const third = (high - low) / 3;
    if (error(low + third) < error(high - third)) high -= third;
    else low += third;
  }
  return error(low);
}

describe("gaussianWidths", () => {
  const levels = [2, 3, 4, 8, 16, 32, 64, 128, 256];
  const quantized = gaussianWidths().slice(1);

  it("knows 0, 1, 1.6 and 2 to 8 bits", () => {
    expect(widthBits).toEqual([0, 1, 1.6, 2, 3, 4, 5, 6, 7, 8]);
    expect(gaussianWidths().map(({ bits }) => bits)).toEqual(widthBits);
    expect(gaussianWidths([0, 4])).toEqual([
      { bits: 0, distortion: 1 },
      { bits: 4, distortion: 0.0115429, tableBytes: 0 },
    ]);
    expect(() => gaussianWidths([2.5])).toThrow("width 2.5 is unknown; allowed: 0, 1, 1.6, 2, 3, 4, 5, 6, 7, 8 bits");
    expect(() => quantizerOfWidth(9)).toThrow("width 9 is unknown");
  });

  it.each(quantized.map(({ bits, distortion }, i) => [bits, distortion, levels[i]!]))(
    "%s bits: %s is the least error of a Gaussian weight on a uniform grid",
    (_, distortion, n) => {
      expect(distortion / gaussianOptimum(n)).toBeCloseTo(1, 3);
    },
  );

  it("costs packed codes and a float16 scale per row", () => {
    expect(widthBits.map((bits) => rowBytes(bits, 256))).toEqual([0, 34, 54, 66, 98, 130, 162, 194, 226, 258]);
  });
});
