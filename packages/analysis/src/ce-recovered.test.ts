import type { Splice, SplicedModel, TokenWindows } from "@qsae/core";
import { QsaeError, UsageError, type Latents } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ceRecovered, ceRecoveredByEach, type CeRecovered, type CeRecoveredOptions } from "./ce-recovered.ts";

const windows: TokenWindows = { ids: Int32Array.of(0, 1, 2, 2, 1, 0), count: 2, context: 3 };
/** Of the replaced positions, window by window: their mean is [3, 5]. */
const x = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6, 3, 8)];
const MEAN = [3, 5];

/** A "model" whose loss is `base` plus the mean square of what a splice changes, times `sensitivity`; its KL is half of that. */
function fakeModel({ base = 2, sensitivity = 1, dIn = 2 } = {}): SplicedModel & { readonly passes: string[] } {
  const passes: string[] = [];
  const report = (options: Parameters<SplicedModel["crossEntropy"]>[2], done: number): void => {
    options?.signal?.throwIfAborted();
    options?.onProgress?.({ windows: done, totalWindows: 2 });
  };
  return {
    hook: "resid",
    dIn,
    vocabulary: 3,
    passes,
    async *activations(_, options) {
      passes.push("activations");
      for (const [i, run] of x.entries()) {
        yield await Promise.resolve(run);
        report(options, i + 1);
      }
    },
    async crossEntropy<Name extends string>(
      _: TokenWindows,
      splices: Readonly<Record<Name, Splice>>,
      options?: Parameters<SplicedModel["crossEntropy"]>[2],
    ) {
      passes.push("crossEntropy");
      const squares = Object.fromEntries(Object.keys(splices).map((name) => [name, 0]));
      for (const [i, run] of x.entries()) {
        for (const [name, splice] of Object.entries<Splice>(splices)) {
          const y = await splice(run, run.length / 2);
          squares[name] = run.reduce((sum, value, at) => sum + (value - y[at]!) ** 2, squares[name]!);
        }
        report(options, i + 1);
      }
      const losses = Object.entries(squares).map(([name, sum]) => {
        const harm = (sensitivity * sum) / 8;
        return [name, { crossEntropy: base + harm, kl: Math.abs(harm) / 2 }];
      });
      return { tokens: 4, clean: base, spliced: Object.fromEntries(losses) as never };
    },
    close: () => Promise.resolve(),
  };
}

/** Adds `error` to everything it reconstructs. */
function fakeSae(error: number, dIn = 2) {
  const latents: Latents = {
    offsets: Int32Array.of(0),
    indices: new Int32Array(0),
    dSae: 0,
    values: new Float32Array(0),
  };
  return {
    dIn,
    encode: () => latents,
    decode: (_: Latents, { x: given }: { x?: Float32Array } = {}) => given!.map((value) => value + error),
  };
}

const measured = (error: number, options?: CeRecoveredOptions): Promise<CeRecovered> =>
  ceRecovered(fakeModel(), fakeSae(error), windows, options);

describe("ceRecovered", () => {
  it("is the share of the ablation's harm that the SAE avoids: mean ablation by hand", async () => {
    // around the mean: (4 + 9 + 0 + 1 + 4 + 1 + 0 + 9) / 8 = 3.5; the SAE is 1 off everywhere
    expect(await measured(1)).toEqual({
      ce_clean: 2,
      ce_spliced: 3,
      ce_ablated: 5.5,
      ablation: "mean",
      ce_recovered: 2.5 / 3.5,
      kl_spliced: 0.5,
      kl_ablated: 1.75,
      tokens: 4,
      windows: 2,
      window_length: 3,
    });
  });

  it("zero ablation by hand, in one pass", async () => {
    const model = fakeModel();
    // (1 + 4 + 9 + 16 + 25 + 36 + 9 + 64) / 8 = 20.5
    expect(await ceRecovered(model, fakeSae(1), windows, { ablation: "zero" })).toMatchObject({
      ce_ablated: 22.5,
      ablation: "zero",
      ce_recovered: 19.5 / 20.5,
    });
    expect(model.passes).toEqual(["crossEntropy"]);
  });

  it("takes a mean that is given, without the pass for it", async () => {
    const model = fakeModel();
    const given = await ceRecovered(model, fakeSae(1), windows, { mean: MEAN });
    expect(given).toEqual(await measured(1));
    expect(model.passes).toEqual(["crossEntropy"]);
    expect((await measured(1, { mean: [0, 0] })).ce_ablated).toBe(22.5);
  });

  it("is 1 for a perfect SAE, falls with its error, and below 0 where it does worse than the ablation", async () => {
    expect((await measured(0)).ce_recovered).toBe(1);
    expect((await measured(3)).ce_recovered).toBeLessThan(0);
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 10, noNaN: true }),
        fc.double({ min: 0.5, max: 5, noNaN: true }),
        async (a, more) => {
          const [better, worse] = [await measured(a), await measured(a + more)];
          expect(better.ce_recovered).toBeGreaterThan(worse.ce_recovered);
          expect(better.ce_recovered).toBeLessThanOrEqual(1);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("measures several SAEs in one pass, each as it is alone", async () => {
    const model = fakeModel();
    const errors = [1, 0, 3];
    const each = await ceRecoveredByEach(
      model,
      errors.map((error) => fakeSae(error)),
      windows,
    );
    expect(each).toEqual(await Promise.all(errors.map((error) => measured(error))));
    expect(model.passes).toEqual(["activations", "crossEntropy"]);
    const oneIsWide = ceRecoveredByEach(fakeModel(), [fakeSae(0), fakeSae(0, 64)], windows);
    await expect(oneIsWide).rejects.toThrow(/width d_in=64/);
  });

  it("recovers nothing with the mean in every place, and all with the activations themselves", async () => {
    const sae = (replace: (x: Float32Array) => Float32Array) => ({
      ...fakeSae(0),
      decode: (_: Latents, { x: given }: { x?: Float32Array } = {}) => replace(given!),
    });
    const saes = [sae((given) => given.map((_, at) => MEAN[at % 2]!)), sae((given) => given)];
    const [mean, identity] = await ceRecoveredByEach(fakeModel(), saes, windows);
    expect([mean!.ce_recovered, identity!.ce_recovered]).toEqual([0, 1]);
    expect(mean!.kl_spliced).toBe(mean!.kl_ablated);
    expect(identity!.kl_spliced).toBe(0);
  });

  it("counts progress over all passes", async () => {
    const seen: number[][] = [];
    const onProgress: CeRecoveredOptions["onProgress"] = ({ windows: done, totalWindows }) =>
      seen.push([done, totalWindows]);
    await measured(1, { onProgress });
    expect(seen).toEqual([1, 2, 3, 4].map((done) => [done, 4]));
    seen.length = 0;
    await measured(1, { onProgress, ablation: "zero" });
    expect(seen).toEqual([1, 2].map((done) => [done, 2]));
    await expect(measured(1, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });

  it("refuses an SAE of another width, and windows in which no replaced position predicts", async () => {
    const wide = ceRecovered(fakeModel(), fakeSae(0, 64), windows);
    await expect(wide).rejects.toThrow(UsageError);
    await expect(wide).rejects.toThrow(/width d_in=64, but those at resid have width 2/);
    for (const short of [
      { ids: Int32Array.of(0, 1), count: 1, context: 2 },
      { ids: new Int32Array(0), count: 0, context: 3 },
    ]) {
      await expect(ceRecovered(fakeModel(), fakeSae(0), short)).rejects.toThrow(/at least 1 of 3 tokens is needed/);
    }
  });

  it("refuses ablations it does not know, and means that are none", async () => {
    await expect(measured(1, { ablation: "noise" as "mean" })).rejects.toThrow(
      /unknown ablation "noise"; allowed: mean, zero/,
    );
    await expect(measured(1, { ablation: "zero", mean: MEAN })).rejects.toThrow(/the ablation is zero; leave one out/);
    for (const mean of [[1], [1, 2, 3], [1, NaN], [Infinity, 0]]) {
      await expect(measured(1, { mean })).rejects.toThrow(/expected 2, the width of the activations, all finite/);
    }
  });

  it("says that there is nothing to recover where the ablation does no harm, instead of NaN or nonsense", async () => {
    for (const sensitivity of [0, 1e-9, -1]) {
      const constant = ceRecovered(fakeModel({ sensitivity }), fakeSae(1), windows);
      await expect(constant).rejects.toThrow(QsaeError);
      await expect(constant).rejects.toThrow(
        /mean ablation at resid takes the cross-entropy from 2\.000000 to .* nothing to recover/,
      );
    }
  });
});
