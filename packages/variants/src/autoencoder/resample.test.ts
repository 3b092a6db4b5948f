import { describe, expect, it } from "vitest";
import { normals, type Tensors, type Variant } from "@qsae/core";
import type { HostTensor } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { testBackend } from "../../test/test-backend.ts";
import { relativeError } from "../../test/like-lowered.ts";
import { variantByName } from "../by-name.ts";

const [D, F] = [8, 12];
const resolveQuantizer = quantizersByName();

const { ops } = await testBackend();

const isDead = (j: number): boolean => j === 3 || j === 7;
/** Rows of living latents are none. */
const residuals = normals(F * D, 2, 5).map((value, i) => (isDead(Math.floor(i / D)) ? value : NaN));

interface Resampled {
  readonly before: Record<string, HostTensor>;
  readonly after: Record<string, HostTensor>;
  readonly fresh: Record<string, HostTensor>;
}

async function resampled(variant: Variant): Promise<Resampled> {
  const init = ops.tidy(() => variant.init(ops, { seed: 1, center: new Float32Array(D), deviation: 3 }));
  const params = Object.fromEntries(
    Object.entries(init).map(([name, a], i) => [
      name,
      ops.add(
        a,
        ops.tensor(
          normals(
            a.shape.reduce((x, y) => x * y, 1),
            0.1,
            i,
          ),
          a.shape,
        ),
      ),
    ]),
  );
  const dead = ops.tensor(
    Array.from({ length: F }, (_, j) => Number(isDead(j))),
    [F],
  );
  const changed = variant.resample!(ops, params, { seed: 2, dead, residuals: ops.tensor(residuals, [F, D]) });
  const read = async (tensors: Tensors): Promise<Record<string, HostTensor>> =>
    Object.fromEntries(
      await Promise.all(Object.entries(tensors).map(async ([name, a]) => [name, await ops.read(a)] as const)),
    );
  return { before: await read(params), after: await read(changed.params), fresh: await read(changed.fresh!) };
}

/** Row j `[d_in]`, of W_enc column j. */
function row({ shape, data }: HostTensor, j: number): number[] {
  if (shape[0] === F) return Array.from(data.subarray(j * (data.length / F), (j + 1) * (data.length / F)));
  return Array.from({ length: shape[0]! }, (_, d) => data[d * shape[1]! + j]!);
}
const unit = (a: readonly number[]): number[] => a.map((value) => value / Math.hypot(...a));
const residual = (j: number): number[] => Array.from(residuals.subarray(j * D, (j + 1) * D));

describe.each([
  ["topk", {}],
  ["batch-topk", {}],
  ["relu", { p_end: 0.2 }],
  ["jumprelu", {}],
  ["gated", {}],
  ["topk", { decoder_quantizer: "ternary", encoder_quantizer: "int4" }],
  ["matryoshka", { decoder_quantizer: "binary" }],
  ["binary-latent", { decoder_quantizer: "int4" }],
])("%s %o", (id, extra) => {
  const selects = ["topk", "batch-topk", "matryoshka", "binary-latent"].includes(id) ? { k: 2 } : {};
  const variant = variantByName(id, { d_in: D, d_sae: F, ...selects, ...extra }, { resolveQuantizer });

  it("leaves living latents and everything that belongs to no latent as they are", async () => {
    const { before, after } = await resampled(variant);
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const [name, now] of Object.entries(after)) {
      const perLatent = now.shape.includes(F);
      if (!perLatent) expect(now, name).toEqual(before[name]);
      else for (let j = 0; j < F; j++) if (!isDead(j)) expect(row(now, j), name).toEqual(row(before[name]!, j));
    }
  });

  it("forgets the moments of just what changed", async () => {
    const { before, after, fresh } = await resampled(variant);
    const changed = Object.keys(after).filter((name) =>
      after[name]!.data.some((value, i) => value !== before[name]!.data[i]),
    );
    expect(Object.keys(fresh).sort()).toEqual(changed.sort());
    for (const [name, mask] of Object.entries(fresh)) {
      expect(mask.data.length, name).toBe(F);
      expect([...mask.data].map(Boolean), name).toEqual(Array.from({ length: F }, (_, j) => isDead(j)));
      const broadcasts = mask.shape.every((size, i) => size === 1 || size === after[name]!.shape[i]);
      expect(broadcasts && mask.shape.length === after[name]!.shape.length, name).toBe(true);
    }
  });

  it("aims dead latents at their residuals", async () => {
    const { before, after } = await resampled(variant);
    for (const j of [3, 7]) {
      const switching = id === "binary-latent";
      const atom = switching ? residual(j) : unit(residual(j));
      expect(relativeError(row(after["W_dec"]!, j), atom)).toBeLessThan(1e-6);
      const living = Array.from({ length: F }, (_, i) => i).filter((i) => !isDead(i));
      const norm = living.reduce((sum, i) => sum + Math.hypot(...row(before["W_enc"]!, i)), 0) / living.length;
      const encoder = switching ? atom : atom.map((value) => 0.2 * norm * value);
      expect(relativeError(row(after["W_enc"]!, j), encoder)).toBeLessThan(1e-5);
      const bias = switching ? -0.5 * Math.hypot(...atom) ** 2 : 0;
      expect(after["b_enc"]!.data[j]).toBeCloseTo(bias, 4);
    }
  });
});

it("gives a quantized row a scale of its own", async () => {
  const quantizer = resolveQuantizer("ternary");
  const { after } = await resampled(variantByName("ternary", { d_in: D, d_sae: F, k: 2 }, { resolveQuantizer }));
  const rows = ops.tensor(row(after["W_dec"]!, 7), [1, D]);
  const scale = (await ops.read(quantizer.calibrate(ops, rows).scale)).data[0]!;
  expect(Math.exp(after["W_dec.log_scale"]!.data[7]!)).toBeCloseTo(scale, 5);
});

it("does not touch a reference preset's weights that have no rows to replace", () => {
  const variant = variantByName("ternary", { d_in: D, d_sae: F, preset: "reference" }, { resolveQuantizer });
  expect("resample" in variant).toBe(false);
});

it("gives transcoders encoder rows of random direction", async () => {
  const config = { d_in: D, d_sae: F, k: 2, transcoder: true };
  const { after } = await resampled(variantByName("topk", config, { resolveQuantizer }));
  const [encoder, atom] = [row(after["W_enc"]!, 3), row(after["W_dec"]!, 3)];
  expect(relativeError(unit(encoder), atom)).toBeGreaterThan(0.3);
});
