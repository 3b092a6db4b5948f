/** Every activation with quantizers on either side: its packed form computes the same, and so does that of folded scales. */
import { beforeAll, describe, expect, it } from "vitest";
import fc from "fast-check";
import { normals, type Variant } from "@qsae/core";
import { loadSae, type HostTensors } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { testBackend } from "../test/test-backend.ts";
import { likeLowered, onDevice, relativeError } from "../test/like-lowered.ts";
import { variantByName } from "./by-name.ts";

const [D, F, N] = [16, 40, 24];
const resolveQuantizer = quantizersByName();
const SELECT = { k: 5, max_k: F } as const;

/** One of each activation, prefixes and skip connection included. */
const activations: readonly (readonly [variant: string, config: object])[] = [
  ["topk", { k: 5 }],
  ["batch-topk", SELECT],
  ["relu", {}],
  ["jumprelu", { initial_threshold: 0.3 }],
  ["gated", {}],
  ["matryoshka", { ...SELECT, prefixes: [4, 12, F] }],
  ["matryoshka", { k: 5, activation: "topk", transcoder: true, skip: true }],
  ["gated", { transcoder: true, skip: true }],
  ["binary-latent", { activation: "binary" }],
  ["binary-latent", { k: 5, activation: "binary-topk" }],
  ["binary-latent", { ...SELECT, activation: "binary-batch-topk" }],
  ["quantized-matryoshka", { k: 5 }],
  ["quantized-matryoshka", { k: 5, activation: "binary-topk" }],
  ["residual-quantized", { k: 6 }],
  ["residual-quantized", { k: 6, activation: "binary-topk" }],
  ["residual-quantized", { activation: "binary" }],
];
/** Every quantizer on either side, float beside each, and pairs of different kinds. */
const sides: readonly (readonly [encoder: string | undefined, decoder: string | undefined])[] = [
  [undefined, undefined],
  ...["int4", "ternary", "binary", "centered-int2"].flatMap((name) => [
    [name, undefined] as const,
    [undefined, name] as const,
  ]),
  ["ternary", "ternary"],
  ["int4", "binary"],
  ["centered-int2", "ternary"],
];
const cases = activations.flatMap(([id, config]) =>
  sides.map(([encoder, decoder]) => ({
    name: `${id} ${JSON.stringify(config)}, encoder ${encoder ?? "float"}, dictionary ${decoder ?? "float"}`,
    quantized: encoder !== undefined || decoder !== undefined || id.includes("quantized"),
    switching: id === "binary-latent" || ("activation" in config && String(config.activation).startsWith("binary")),
    variant: variantByName(
      id,
      {
        d_in: D,
        d_sae: F,
        ...config,
        ...(encoder && { encoder_quantizer: encoder }),
        ...(decoder && { decoder_quantizer: decoder }),
      },
      { resolveQuantizer },
    ),
  })),
);

const backend = await testBackend();

const x = normals(N * D, 1, 9); // [n, d_in]

const anyScale = fc.double({ min: 0.05, max: 20, noNaN: true });

/** Parameters as they may be after training: none is 0. */
async function someParameters(variant: Variant): Promise<HostTensors> {
  const { ops } = backend;
  const params = ops.tidy(() => variant.init(ops, { seed: 3, center: normals(D, 0.3, 4), deviation: 4 }));
  const named = await Promise.all(
    Object.entries(params).map(async ([name, tensor], i) => {
      const { shape, data } = await ops.read(tensor);
      const noise = normals(data.length, 0.1, 20 + i);
      const smallFirst = name === "threshold" ? noise.map(Math.abs) : noise;
      return [name, { shape, data: Float32Array.from(data, (value, at) => value + smallFirst[at]!) }] as const;
    }),
  );
  ops.dispose(Object.values(params));
  return likeLowered(ops, variant, Object.fromEntries(named), x);
}

describe.each(cases)("$name", ({ variant, quantized, switching }) => {
  let params: HostTensors;
  beforeAll(async () => {
    params = await someParameters(variant);
  });

  it("computes as packed what it computes in training", async () => {
    const { ops } = backend;
    const levels = ops.tidy(
      () => variant.forward(ops, onDevice(ops, params), { x: ops.tensor(x, [N, D]), progress: 1 }).reconstructions,
    );
    const sae = loadSae(await variant.lower(ops, params));
    expect(sae.levels).toBe(levels.length);
    for (const [i, level] of levels.entries()) {
      const { data } = await ops.read(level);
      expect(relativeError(sae.reconstruct(x, { levels: i + 1 }), data), `level ${i + 1}`).toBeLessThan(1e-5);
    }
    ops.dispose(levels);
  });

  it("with a folded scale does on x what it does on scaled x", async () => {
    // Where latents are switches, scales of quantized weights change, and F16 holds only changes by powers of two.
    const rounds = switching && quantized;
    const scales = rounds ? fc.integer({ min: -4, max: 4 }).map((e) => 2 ** e) : anyScale;
    await foldsScales(variant, params, scales);
  });
});

describe("reference presets", () => {
  it.each([
    ["baseline", { k: 5 }],
    ["binary", { k: 5 }],
    ["ternary", { threshold: 0.1 }],
    ["binary-latent", {}],
  ])("of %s fold scales", async (id, config) => {
    const variant = variantByName(id, { d_in: D, d_sae: F, preset: "reference", ...config }, { resolveQuantizer });
    await foldsScales(variant, await someParameters(variant), anyScale);
  });
});

async function foldsScales(variant: Variant, params: HostTensors, scales: fc.Arbitrary<number>): Promise<void> {
  const { ops } = backend;
  const plain = loadSae(await variant.lower(ops, params));
  await fc.assert(
    fc.asyncProperty(scales, async (scale) => {
      const folded = loadSae(await variant.lower(ops, variant.foldInputScale!(params, scale)));
      const scaled = plain.reconstruct(x.map((value) => value * scale));
      expect(
        relativeError(
          folded.reconstruct(x),
          scaled.map((value) => value / scale),
        ),
      ).toBeLessThan(1e-4);
    }),
    { numRuns: 3, seed: 1 },
  );
}

it("refuses scales that are none", () => {
  const { variant } = cases[0]!;
  for (const scale of [0, -1, NaN, Infinity]) {
    expect(() => variant.foldInputScale!({}, scale)).toThrow(`input scale: ${scale} is not allowed`);
  }
});
