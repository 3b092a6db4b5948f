import { beforeAll, describe, expect, it } from "vitest";
import { normals, openBackend, type TensorOps } from "@qsae/core";
import { UsageError, type HostTensor } from "@qsae/runtime";
import { measureWidths } from "./measure-widths.ts";
import { gaussianWidths, widthBits } from "./widths.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});
const gaussian: HostTensor = { shape: [300, 256], data: normals(300 * 256, 0.06, 5) };

describe("measureWidths", () => {
  it("finds on Gaussian rows what gaussianWidths says, and less where a row's scale follows its largest weight", async () => {
    const measured = await measureWidths(ops, gaussian);
    expect(measured.map(({ bits }) => bits)).toEqual(widthBits);
    for (const [i, { bits, distortion }] of gaussianWidths().entries()) {
      const ratio = measured[i]!.distortion / distortion;
      expect(ratio, `${bits} bits`).toBeLessThan(1.03);
      // 256 samples seldom reach the tails that the widest grids keep levels for.
      expect(ratio, `${bits} bits`).toBeGreaterThan(bits <= 3 ? 0.95 : 0.45);
    }
  });

  it("finds nothing left where weights are levels of the grid", async () => {
    const signs = { shape: [4, 8], data: Float32Array.from({ length: 32 }, (_, i) => (i % 3 === 0 ? -2 : 2)) };
    const [dropped, binary] = await measureWidths(ops, signs, [0, 1]);
    expect(dropped).toEqual({ bits: 0, distortion: 1 });
    expect(binary).toMatchObject({ bits: 1, tableBytes: 8 });
    expect(binary!.distortion).toBeLessThan(1e-12);
  });

  it("leaves rows out that are zero or not finite, and needs one that is neither", async () => {
    const data = Float32Array.of(0, 0, 2, -2, NaN, 1);
    expect((await measureWidths(ops, { shape: [3, 2], data }, [1]))[0]!.distortion).toBeLessThan(1e-12);
    await expect(measureWidths(ops, { shape: [1, 2], data: new Float32Array(2) })).rejects.toThrow(UsageError);
    await expect(measureWidths(ops, gaussian, [2.5])).rejects.toThrow("width 2.5 is unknown");
  });
});
