/** The ways `encodeTopK` finds the k best: what `certified` promises, and what `fast` misses. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors } from "@qsae/runtime";
import type { EncodeMode } from "@qsae/runtime/training";
import { normals, permutation } from "../../random.ts";
import { sharedData } from "../../../test/shared-data.ts";
import { backendsHere } from "../../testing/backends-here.ts";
import { encodeTopK } from "./encode-top-k.ts";
import { findAdapter } from "./find-adapter.ts";
import { kernelFeatures, type CodingName, type KernelFeatures } from "./kernel-features.ts";
import { gaussianProblem, openStorage, type EncodeProblem, type StorageUnderTest } from "./storage.fixture.ts";
import { uncertifiedCount } from "./uncertified-count.ts";

const here = await backendsHere(["webgpu"]);

/** The kernels that this adapter can run, by the codes they score with. `QSAE_REQUIRE_FEATURES=shader-f16` makes its absence a failure. */
async function featuresHere(): Promise<readonly (KernelFeatures & { readonly coding: CodingName })[]> {
  const adapter = await findAdapter();
  const features = kernelFeatures(adapter, adapter.info);
  const int8 = { ...features, coding: "int8" } as const;
  if (adapter.features.has("shader-f16") || process.env["QSAE_REQUIRE_FEATURES"] === "shader-f16")
    return [int8, { ...features, coding: "f16" }];
  console.warn(
    "SKIPPED for f16 codes: the adapter has no shader-f16 (QSAE_REQUIRE_FEATURES=shader-f16 makes this a failure)",
  );
  return [int8];
}

/** What data can do to codes and their bounds. */
const adversaries: Readonly<Record<string, (problem: EncodeProblem) => EncodeProblem>> = {
  "outlier dimensions": (problem) => ({
    ...problem,
    x: problem.x.map((value, at) => (at % problem.dIn < 2 ? 100 * value : value)),
  }),
  "every atom twice": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((_, at) => problem.wEnc[at - ((at % problem.dSae) & 1)]!),
    bEnc: problem.bEnc.map((_, j) => problem.bEnc[j & ~1]!),
  }),
  "one atom for all latents: one tie": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((_, at) => problem.wEnc[at - (at % problem.dSae)]!),
    bEnc: problem.bEnc.map(() => 0.5),
  }),
  "whole numbers: many ties": (problem) => ({
    ...problem,
    x: problem.x.map(Math.round),
    center: problem.center.map(() => 0),
    wEnc: problem.wEnc.map((value) => Math.round(value * Math.sqrt(problem.dIn))),
    bEnc: problem.bEnc.map((value) => Math.round(10 * value)),
  }),
  "one latent of a large norm": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((value, at) => (at % problem.dSae === 7 ? 1e4 * value : value)),
  }),
  "norms of atoms over six orders of magnitude": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((value, at) => value * 10 ** (((at % problem.dSae) % 7) - 3)),
  }),
  "biases far above the scores": (problem) => ({ ...problem, bEnc: problem.bEnc.map((value) => 1e4 * value) }),
  "tokens and atoms of zeros": (problem) => ({
    ...problem,
    center: problem.center.map(() => 0),
    x: problem.x.map((value, at) => (Math.floor(at / problem.dIn) % 3 === 0 ? 0 : value)),
    wEnc: problem.wEnc.map((value, at) => ((at % problem.dSae) % 3 === 0 ? 0 : value)),
  }),
  "scores that all lie within the rounding": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((_, at) => 1 + ((at % problem.dSae) % 64) * 2 ** -23),
    bEnc: problem.bEnc.map(() => 0),
  }),
  // 12.7 / 127 times 127 is 12.7 again: codes say all there is to say, and all latents are equal to them.
  "sums of the same terms, which rounding in another order tells apart": ({ dSae, k }) => {
    const [n, dIn] = [2, 1000];
    const atoms = Array.from({ length: dSae }, (_, j) => [
      127,
      ...Array.from(permutation(dIn - 1, j), (i) => (37 * i) % 127),
    ]);
    return {
      ...{ n, dIn, dSae, k, center: new Float32Array(dIn), bEnc: new Float32Array(dSae) },
      x: new Float32Array(n * dIn).fill(12.7),
      wEnc: Float32Array.from({ length: dIn * dSae }, (_, at) => atoms[at % dSae]![Math.floor(at / dSae)]!),
    };
  },
  "numbers near the smallest": (problem) => ({
    ...problem,
    x: problem.x.map((value) => value * 1e-18),
    center: problem.center.map(() => 0),
    wEnc: problem.wEnc.map((value) => value * 1e-18),
    bEnc: problem.bEnc.map(() => 0),
  }),
  "numbers so small that they have no codes": (problem) => ({
    ...problem,
    x: problem.x.map((value) => value * 1e-32),
    center: problem.center.map(() => 0),
  }),
  "norms that could overflow": (problem) => ({
    ...problem,
    x: problem.x.map((value) => value * 1e17),
    wEnc: problem.wEnc.map((value) => value * 1e17),
  }),
};

/**
 * The worst case of rounding to 8 bits, which random data never comes near: a token whose rounding errors, or an atom whose, all add up
 * on the one latent to be found, and others that beat it by less than that in coarse scores.
 */
function alignedErrors(where: "activations" | "weights"): EncodeProblem {
  const [n, dIn, dSae] = [3, 64, 301];
  const signs = (seed: number): number[] => Array.from(normals(dIn, 1, seed), (value) => (value < 0 ? -1 : 1));
  const whole = (seed: number): number[] =>
    Array.from(normals(dIn, 1, seed), (value) => Math.round(Math.tanh(value) * 60));
  const sign = signs(1);
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  // The first component is the largest code, exactly: it sets the scale to 1.
  const led = (row: readonly number[]): number[] => [127, ...row.slice(1)];
  const off = sign.map((value, i) => (i === 0 ? 0 : 0.49 * value));
  const [seen, found] = where === "activations" ? [led(whole(2)), sign] : [sign, led(whole(2))];
  const moved = (row: readonly number[]): number[] => row.map((value, i) => value + off[i]!);
  const token = where === "activations" ? moved(seen) : seen;
  const others = Array.from({ length: dSae - 1 }, (_, j) =>
    where === "activations" ? signs(9 + j) : led(whole(9 + j)),
  );
  const atoms = [where === "weights" ? moved(found) : found, ...others];
  const gain = dot(off, where === "activations" ? found : token);
  const coarse = dot(seen, found);
  // Twenty are ahead in coarse scores by less than the error, the others far behind.
  const wanted = (j: number): number => coarse + (j <= 20 ? gain * (0.05 + 0.25 * (j / 20)) : -1000);
  return {
    ...{ n, dIn, dSae, k: 1, center: new Float32Array(dIn) },
    x: Float32Array.from({ length: n * dIn }, (_, at) => token[at % dIn]!),
    wEnc: Float32Array.from({ length: dIn * dSae }, (_, at) => atoms[at % dSae]![Math.floor(at / dSae)]!),
    bEnc: Float32Array.from({ length: dSae }, (_, j) => (j === 0 ? 0 : wanted(j) - dot(seen, atoms[j]!))),
  };
}

/**
 * A bad case of chains of f16: next to a first product of 4096 each of the other seven is less than half a unit in the last place,
 * and is lost. The latent to be found is ahead by these alone.
 */
function lostProducts(): EncodeProblem {
  const [n, dIn, dSae, chain] = [3, 64, 301, 8];
  const [seen, found] = [1.5, 1.25];
  const others = (small: number): number[] => Array.from({ length: dIn }, (_, i) => (i % chain === 0 ? 64 : small));
  const gain = (dIn / chain) * (chain - 1) * seen * found;
  const token = others(seen);
  return {
    ...{ n, dIn, dSae, k: 1, center: new Float32Array(dIn) },
    x: Float32Array.from({ length: n * dIn }, (_, at) => token[at % dIn]!),
    wEnc: Float32Array.from(
      { length: dIn * dSae },
      (_, at) => others(at % dSae === 0 ? found : 0)[Math.floor(at / dSae)]!,
    ),
    bEnc: Float32Array.from({ length: dSae }, (_, j) =>
      j === 0 ? 0 : j <= 20 ? gain * (0.05 + 0.25 * (j / 20)) : -1e5,
    ),
  };
}

const hidden: Readonly<Record<CodingName, Readonly<Record<string, () => EncodeProblem>>>> = {
  int8: {
    "the rounding errors of the activations": () => alignedErrors("activations"),
    "the rounding errors of the weights": () => alignedErrors("weights"),
  },
  f16: { "products that are lost beside larger ones": lostProducts },
};

describe.each(here.length > 0 ? await featuresHere() : [])("encodeTopK by way of $coding codes", (features) => {
  const options = { encode: "certified", features } as const;
  let test: StorageUnderTest;
  beforeAll(async () => {
    test = await openStorage(options);
  });
  afterAll(() => test.close());

  async function encode(problem: EncodeProblem, mode: EncodeMode) {
    const { n, dIn, dSae, k } = problem;
    const inputs = {
      x: test.put(problem.x, [n, dIn]),
      wEnc: test.put(problem.wEnc, [dIn, dSae]),
      bEnc: test.put(problem.bEnc, [dSae]),
      center: test.put(problem.center, [dIn]),
    };
    const { values, indices, report } = encodeTopK(test.storage, inputs, k, mode);
    const result = { values: await test.take(values), indices: await test.take(indices), report };
    for (const { dataId } of Object.values(inputs)) test.storage.disposeData(dataId);
    return result;
  }

  async function expectExact(problem: EncodeProblem): Promise<number> {
    const exact = await encode(problem, "exact");
    const certified = await encode(problem, "certified");
    expect(certified.report).toEqual({ mode: "certified", candidatesPerK: 4 });
    expect(certified.indices).toEqual(exact.indices);
    expect(certified.values).toEqual(exact.values);
    return (await uncertifiedCount(test.storage))!;
  }

  const shape = { n: 70, dIn: 50, dSae: 600, k: 5 };

  it("certified is exact to the bit on Gaussian data, certificates for almost all", async () => {
    expect(await expectExact(gaussianProblem({ n: 100, dIn: 96, dSae: 2048, k: 16 }, 1))).toBeLessThan(10);
  });

  it.each(Object.keys(adversaries))("certified is exact to the bit: %s", async (name) => {
    await expectExact(adversaries[name]!(gaussianProblem(shape, 10)));
  });

  it.each(Object.entries(hidden[features.coding]))(
    "certified finds the best latent although %s hide it, and fast does not",
    async (_, make) => {
      const problem = make();
      await expectExact(problem);
      expect([...(await encode(problem, "certified")).indices]).toEqual([0, 0, 0]);
      expect([...(await encode(problem, "fast")).indices]).not.toContain(0);
    },
  );

  it("encodes tokens without a certificate exactly, among tokens that have one", async () => {
    const problem = gaussianProblem({ n: 200, dIn: 64, dSae: 1000, k: 4 }, 3);
    problem.center.fill(0);
    problem.bEnc.fill(0.25);
    // All latents score the same on tokens of zeros, and nothing but the index decides.
    const zero = (token: number): boolean => token % 10 === 3;
    const x = problem.x.map((value, at) => (zero(Math.floor(at / 64)) ? 0 : value));
    expect(await expectExact({ ...problem, x })).toBe(20);
  });

  it("gives way to exact where candidates would be most of the dictionary", async () => {
    const problem = gaussianProblem({ n: 3, dIn: 20, dSae: 150, k: 20 }, 4);
    for (const mode of ["certified", "auto"] as const) {
      const { report, indices } = await encode(problem, mode);
      expect(report).toEqual({ mode: "exact" });
      expect(indices).toEqual((await encode(problem, "exact")).indices);
    }
  });

  it("certified is exact to the bit with weights in parts and tokens in parts", async () => {
    const problem = gaussianProblem({ n: 130, dIn: 96, dSae: 520, k: 2 }, 5);
    const whole = await encode(problem, "exact");
    const own = test;
    test = await openStorage({ ...options, bindingBytes: 2 ** 16 });
    try {
      await expectExact(problem);
      const { values, indices } = await encode(problem, "certified");
      expect(indices).toEqual(whole.indices);
      expect(values).toEqual(whole.values);
    } finally {
      await test.close();
      test = own;
    }
  });

  const gpt = sharedData("gpt", "gpt_heldout20k.f16.safetensors");
  const sae = sharedData("gpt", "sae_gpt_d2048_k32", "sae_weights.safetensors");
  describe.skipIf(gpt === undefined || sae === undefined)("on real activations and a trained encoder", () => {
    const [n, dIn] = [128, 256];
    let problem: EncodeProblem;
    beforeAll(async () => {
      const read = async (path: string, name: string): Promise<Float32Array> =>
        Float32Array.from(decodeSafetensors(await readFile(path), path).tensors[name]!.data);
      const [wEnc, bEnc, center] = await Promise.all(["W_enc", "b_enc", "b_dec"].map((name) => read(sae!, name)));
      const x = (await read(gpt!, "activations")).slice(0, n * dIn);
      problem = { n, dIn, dSae: 2048, k: 32, x, wEnc: wEnc!, bEnc: bEnc!, center: center! };
    });

    it("certified is exact to the bit, certificates for all", async () => {
      expect(await expectExact(problem)).toBe(0);
    });

    it("fast finds 0.999 of the latents, or more", async () => {
      const [exact, fast] = [await encode(problem, "exact"), await encode(problem, "fast")];
      expect(fast.report).toEqual({ mode: "fast", candidatesPerK: 2 });
      let found = 0;
      for (let i = 0; i < n; i++) {
        const best = new Set(exact.indices.subarray(32 * i, 32 * i + 32));
        for (const latent of fast.indices.subarray(32 * i, 32 * i + 32)) found += Number(best.has(latent));
      }
      expect(found / exact.indices.length).toBeGreaterThanOrEqual(0.999);
    });
  });
});
