import { describe, expect, it } from "vitest";
import { normals, type Variant } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { testBackend } from "../../test/test-backend.ts";
import { sparseData } from "../../test/sparse-data.ts";
import { gated, jumpRelu, relu } from "../field.ts";

const [D, F, N] = [16, 48, 64];
const resolve = quantizersByName();

const backend = await testBackend();

/** Losses at the start of a run, and what fires, on data of another size. */
async function startOn(variant: Variant, scale: number): Promise<Record<string, number>> {
  const { ops } = backend;
  const times = (values: Float32Array): Float32Array => values.map((value) => scale * value);
  const params = variant.init(ops, { seed: 1, center: times(normals(D, 0.1, 6)), deviation: 4 * scale });
  const x = ops.tensor(times(sparseData(N, D, 2)), [N, D]);
  const { losses, fired } = variant.forward(ops, params, { x, progress: 1 });
  const figures = { ...losses, fired: ops.sum(fired) };
  return Object.fromEntries(
    await Promise.all(Object.entries(figures).map(async ([name, a]) => [name, (await ops.read(a)).data[0]!] as const)),
  );
}

describe("the same coefficients on larger data", () => {
  const sizes = { d_in: D, d_sae: F };
  it.each([
    relu(sizes, resolve),
    gated(sizes, resolve),
    // thresholds and kernel that many pre-activations lie under and in
    jumpRelu({ ...sizes, initial_threshold: 0.1, bandwidth: 0.2 }, resolve),
  ])("$id: every loss grows with the square, and as many latents fire", async (variant) => {
    const { fired, ...small } = await startOn(variant, 1);
    const { fired: firedOfLarge, ...large } = await startOn(variant, 64);
    expect(firedOfLarge).toBe(fired);
    expect(Object.keys(small).length).toBeGreaterThan(1);
    for (const [name, loss] of Object.entries(small)) {
      expect(loss, name).toBeGreaterThan(0);
      expect(large[name]! / 64 ** 2 / loss, name).toBeCloseTo(1, 5);
    }
  });

  it("no data but one point has a finite loss", async () => {
    for (const variant of [relu(sizes, resolve), gated(sizes, resolve), jumpRelu(sizes, resolve)]) {
      for (const loss of Object.values(await startOn(variant, 0))) expect(loss).not.toBeNaN();
    }
  });
});
