/** Reports of any numbers at all: not finite, negative, too large. What renders them must not fail, nor show NaN. */
import fc from "fast-check";
import type { ReportRun, ReportSae } from "./report-input.ts";

const number = fc.oneof(fc.double(), fc.constantFrom(0, 1, -1, NaN, Infinity, 1e308, -1e308, 5e-324));
const list = fc.array(number, { maxLength: 8 });
const floats = list.map((values) => Float64Array.from(values));
const latents = fc.array(fc.integer({ min: -1, max: 9 }), { maxLength: 8 }).map((values) => Int32Array.from(values));
const name = fc.constantFrom("a", "b");

/** Any part of the fields. */
function some<T>(fields: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record<T>(fields, { requiredKeys: [] });
}

const summary = some({
  fvu: number,
  mse: number,
  l0: number,
  dead: number,
  dense: number,
  shrinkage: number,
  tokens: number,
  d_in: number,
  d_sae: number,
  bits_per_weight: number,
  file_bits_per_weight: number,
  bytes: number,
  tokens_per_second: number,
});

/** One count fewer than edges. */
const histogram = fc
  .array(fc.tuple(number, number), { minLength: 2, maxLength: 8 })
  .map((bins) => ({ edges: bins.map(([edge]) => edge), counts: bins.slice(1).map(([, count]) => count), outside: 0 }));

const density = fc.record({
  tokens: number,
  counts: floats,
  dead: number,
  dense: list,
  denseAbove: number,
  log10Histogram: histogram,
});

const nearest = fc.record({ latent: latents, cosine: list.map((values) => Float32Array.from(values)) });

const cosines = fc.record({
  nearest,
  redundantAbove: number,
  redundantPairs: number,
  redundantAtoms: number,
  histogram,
  zeroAtoms: number,
});

const pair = fc.record({ a: number, b: number, together: number, jaccard: number, lift: number });
const pairs = fc.array(pair, { maxLength: 3 });
const coactivation = fc.record({
  tokens: number,
  tokensSeen: number,
  pairs: number,
  byCount: pairs,
  byJaccard: pairs,
  byLift: pairs,
  among: fc.array(number, { minLength: 9, maxLength: 9 }).map((values) => ({
    latents: Int32Array.of(3, 1, 2),
    jaccard: Float64Array.from(values),
  })),
});

const found = fc.record({ nearest, mmcs: number, overlap: number, zeroAtoms: number });
const error = { weights: number, mse: number, meanAbs: number, maxAbs: number, l2: number };
const matrixErrors = fc.record({
  matrix: fc.constant("m"),
  ...error,
  byBits: fc.array(fc.record({ bits: number, rows: number, ...error }), { maxLength: 2 }),
  squaredErrors: floats,
  worst: fc.record({ row: number, column: number, value: number, reference: number, bits: number, codes: list }),
});

const reference = fc.record(
  {
    name,
    cosines: fc.record({
      sameAbove: number,
      aInB: found,
      bInA: found,
      match: fc.record({ a: latents, b: latents, cosine: nearest.map(({ cosine }) => cosine), uncertain: number }),
    }),
    outputError: number,
    support: fc.record({ overlap: number, changedTokens: number, perLatent: floats, tokens: number }),
    fvuIncrease: fc.record({
      measured: number,
      predicted: fc.record({
        total: number,
        perLatent: floats,
        squaredErrors: floats,
        worst: fc.array(fc.record({ latent: number, increase: number }), { maxLength: 3 }),
      }),
    }),
    weights: fc.array(matrixErrors, { maxLength: 2 }),
  },
  { requiredKeys: ["name", "cosines", "outputError"] },
);

const crossEntropy = fc.record({
  ce_clean: number,
  ce_spliced: number,
  ce_ablated: number,
  ablation: fc.constantFrom("mean" as const, "zero" as const),
  ce_recovered: number,
  kl_spliced: number,
  kl_ablated: number,
  tokens: number,
  windows: number,
  window_length: number,
});

const sae: fc.Arbitrary<ReportSae> = fc.record(
  {
    name,
    summary,
    density,
    l0: fc.record({ mean: number, histogram: floats }),
    atomNorms: list,
    codes: fc.array(
      fc.record({ matrix: fc.constant("m"), firstCode: fc.integer({ min: -128, max: 127 }), counts: list }),
      { maxLength: 2 },
    ),
    quantizationError: list,
    coactivation,
    cosines,
    reference,
    crossEntropy,
    rounded: fc.array(
      fc.record({ quantizer: fc.constant("int4"), bits_per_weight: number, fvu: number, tokens: number }),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ["name"] },
);

const gradient = fc.record(
  {
    norm: number,
    updateRatio: number,
    zeroShare: number,
    changedCodes: number,
    signFlips: number,
    straightThrough: fc.record({ weights: number, cosine: number, relativeError: number }),
  },
  { requiredKeys: ["norm", "zeroShare"] },
);

const step = fc.record(
  {
    tokens: number,
    step: number,
    lr: number,
    loss: number,
    l0: number,
    dead: number,
    batchFvu: number,
    elapsedMs: number,
    gradients: fc.dictionary(fc.constantFrom("W_enc", "b_dec"), gradient),
  },
  { requiredKeys: ["tokens"] },
);

export const anySaes = fc.array(sae, { minLength: 1, maxLength: 2 });
export const anyRuns: fc.Arbitrary<ReportRun[]> = fc.array(
  fc.record({ name: fc.constantFrom("a", "c"), steps: fc.array(step, { maxLength: 5 }) }),
  { maxLength: 1 },
);
