/** What every variant promises, run on each of them. */
import { beforeAll, describe, expect, it } from "vitest";
import {
  arraySource,
  normals,
  openBackend,
  seededRandom,
  train,
  type Backend,
  type StepEvent,
  type Tensor,
  type Tensors,
  type Variant,
} from "@qsae/core";
import { loadSae, type HostTensors } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { baseline } from "./baseline.ts";
import { binary } from "./binary.ts";
import { binaryLatent } from "./binary-latent.ts";
import { variantByName } from "./by-name.ts";
import { quantizedMatryoshka } from "./quantized-matryoshka.ts";
import { residualQuantized } from "./residual-quantized.ts";
import { ternary } from "./ternary.ts";

const D = 16;
const F = 48;
const K = 4;
const resolve = quantizersByName();

interface Expectations {
  /** Parameters as the packed SAE has them, for variants that train on softer ones. */
  readonly harden?: (tensors: HostTensors) => HostTensors;
}

/** Soft bits at their limits. */
const hardBits = (tensors: HostTensors): HostTensors => {
  const { shape, data } = tensors["W_dec.bits"]!;
  return { ...tensors, "W_dec.bits": { shape, data: Float32Array.from(data, (logit) => (logit > 0 ? 200 : -200)) } };
};

const variants: readonly (readonly [name: string, variant: Variant, expectations?: Expectations])[] = [
  ["baseline topk", baseline({ d_in: D, d_sae: F, k: K }, resolve)],
  [
    "baseline topk without b_dec in the encoder",
    baseline({ d_in: D, d_sae: F, k: K, apply_b_dec_to_input: false }, resolve),
  ],
  ["baseline relu", baseline({ d_in: D, d_sae: F, activation: "relu", l1_coefficient: 0.01 }, resolve)],
  [
    "baseline jumprelu",
    baseline({ d_in: D, d_sae: F, activation: "jumprelu", l0_coefficient: 1e-4, bandwidth: 0.1 }, resolve),
  ],
  [
    "baseline with int4 on both sides",
    baseline({ d_in: D, d_sae: F, k: K, encoder_quantizer: "int4", decoder_quantizer: "int4" }, resolve),
  ],
  ["baseline, reference preset", baseline({ d_in: D, d_sae: F, k: K, preset: "reference" }, resolve)],
  ["binary, 1 bit", binary({ d_in: D, d_sae: F, k: K, n_bits: 1 }, resolve)],
  ["binary, 4 bits", binary({ d_in: D, d_sae: F, k: K }, resolve)],
  ["binary, reference preset", binary({ d_in: D, d_sae: F, k: K, preset: "reference" }, resolve), { harden: hardBits }],
  ["binary-latent", binaryLatent({ d_in: D, d_sae: F }, resolve)],
  [
    "binary-latent with ternary atoms",
    binaryLatent({ d_in: D, d_sae: F, encoder_quantizer: "int8", decoder_quantizer: "ternary" }, resolve),
  ],
  ["binary-latent, reference preset", binaryLatent({ d_in: D, d_sae: F, preset: "reference" }, resolve)],
  ["quantized-matryoshka", quantizedMatryoshka({ d_in: D, d_sae: F, n_bits: 3 })],
  ["quantized-matryoshka, stage-wise", quantizedMatryoshka({ d_in: D, d_sae: F, n_bits: 3, joint: false })],
  ["quantized-matryoshka, topk", quantizedMatryoshka({ d_in: D, d_sae: F, activation: "topk", k: K })],
  ["quantized-matryoshka, reference preset", quantizedMatryoshka({ d_in: D, d_sae: F, preset: "reference" })],
  ["residual-quantized", residualQuantized({ d_in: D, d_sae: F, n_bits: 3 })],
  ["residual-quantized, reference preset", residualQuantized({ d_in: D, d_sae: F, preset: "reference" })],
  ["ternary", ternary({ d_in: D, d_sae: F, k: K }, resolve)],
  ["ternary, reference preset", ternary({ d_in: D, d_sae: F, preset: "reference", threshold: 0.25 }, resolve)],
  ["ternary with a ternary encoder", ternary({ d_in: D, d_sae: F, k: K, encoder_quantizer: "ternary" }, resolve)],
];

/** Sparse combinations of 40 hidden directions plus an offset: data an SAE can explain. */
function sparseData(tokens: number, seed: number): Float32Array {
  const directions = normals(40 * D, 0.5, 42);
  const random = seededRandom(seed);
  const x = new Float32Array(tokens * D);
  for (let i = 0; i < tokens; i++) {
    for (let j = 0; j < D; j++) x[i * D + j] = 1;
    for (let active = 0; active < 3; active++) {
      const [direction, value] = [Math.floor(random() * 40), 0.5 + random()];
      for (let j = 0; j < D; j++) x[i * D + j]! += value * directions[direction * D + j]!;
    }
  }
  return x;
}

const withExpectations = variants.map(([name, variant, expectations = {}]) => [name, variant, expectations] as const);

describe.each(withExpectations)("%s", (_name, variant, { harden = (tensors) => tensors }) => {
  let backend: Backend;
  const source = arraySource(sparseData(4096, 1), D);
  beforeAll(async () => {
    backend = await openBackend("wasm");
  });
  const run = async (steps: number, extra: object = {}): Promise<{ tensors: HostTensors; events: StepEvent[] }> => {
    const events: StepEvent[] = [];
    const training = { steps, batch_size: 256, lr: 3e-3, seed: 1, lr_warmup_steps: 5 };
    const reporters = [{ onStep: (event: StepEvent) => void events.push(event) }];
    const { checkpoint } = await train({ backend, variant, source, training, reporters, ...extra });
    return { tensors: checkpoint.tensors, events };
  };
  const onDevice = (tensors: HostTensors): Tensors =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, backend.ops.fromHost(tensor)]));

  it("learns", async () => {
    const { events } = await run(200);
    expect(events.at(-1)!.batchFvu).toBeLessThan(0.6 * events[0]!.batchFvu);
  });

  it("lowers to a packed SAE that the runtime reconstructs with, like its own forward pass", async () => {
    const { ops } = backend;
    const { tensors } = await run(20);
    const packed = await variant.lower(ops, tensors);
    const x = sparseData(50, 2);
    const levels = ops.tidy(
      () => variant.forward(ops, onDevice(harden(tensors)), { x: ops.tensor(x, [50, D]), progress: 1 }).reconstructions,
    );
    const sae = loadSae(packed);
    expect(sae.levels).toBe(levels.length);
    // Scales are stored as F16: 2^-11 relative each, averaging out over k atoms. Float weights agree to rounding.
    const quantized = packed.stages[0]!.dictionary.kind === "codes";
    for (const [i, level] of levels.entries()) {
      const expected = (await ops.read(level)).data;
      const given = sae.reconstruct(x, { levels: i + 1 });
      const [difference, norm] = [0, 1].map((which) =>
        Math.hypot(...expected.map((e, at) => (which ? e : e - given[at]!))),
      );
      expect(difference! / norm!, `level ${i + 1}`).toBeLessThan(quantized ? 5e-4 : 1e-6);
    }
    ops.dispose(levels);
  });

  it("rebuilds itself from its JSON configuration", async () => {
    const config = JSON.parse(JSON.stringify(variant.config)) as Record<string, unknown>;
    const again = variantByName(variant.id, config, { resolveQuantizer: resolve });
    expect(again.config).toEqual(variant.config);
    const { ops } = backend;
    const [a, b] = [variant, again].map((v) => ops.tidy(() => v.init(ops, { seed: 5, center: new Float32Array(D) })));
    for (const name of Object.keys(a!)) expect(await ops.read(b![name]!)).toEqual(await ops.read(a![name]!));
    ops.dispose([...Object.values(a!), ...Object.values(b!)]);
  });

  it("resumes bit for bit", async () => {
    const saved: never[] = [];
    const store = {
      save: (checkpoint: never) => Promise.resolve(String(saved.push(structuredClone(checkpoint)))),
      load: () => Promise.resolve(undefined),
    };
    const training = { steps: 20, batch_size: 256, lr: 3e-3, seed: 1, checkpoint_every: 9, dead_after_tokens: 1000 };
    const whole = await run(20, { store, training });
    const resumed = await run(20, { training, resume: saved[0] });
    expect(resumed.tensors).toEqual(whole.tensors);
  });

  it("leaks no tensors and no memory", async () => {
    await run(2);
    const before = backend.ops.memory();
    await variant.lower(backend.ops, (await run(3)).tensors);
    expect(backend.ops.memory()).toEqual(before);
  });

  it("trains without leaving the fast kernels, dead latents included", async () => {
    const fresh = await openBackend("wasm", { threads: 2 });
    const training = { steps: 4, batch_size: 256, dead_after_tokens: 300 };
    await train({ backend: fresh, variant, source, training });
    expect(fresh.fallbacks()).toEqual([]);
    await fresh.close();
  });

  it("gives the same bits on one thread and on two", async () => {
    const results: HostTensors[] = [];
    for (const threads of [1, 2]) {
      const one = await openBackend("wasm", { threads });
      const training = { steps: 6, batch_size: 256, seed: 2, dead_after_tokens: 700 };
      results.push((await train({ backend: one, variant, source, training })).checkpoint.tensors);
      await one.close();
    }
    expect(results[1]).toEqual(results[0]);
  });
});

describe("unit-norm atoms", () => {
  it("hold after every step of a float dictionary", async () => {
    const backend = await openBackend("wasm");
    const variant = baseline({ d_in: D, d_sae: F, k: K }, resolve);
    const { checkpoint } = await train({
      backend,
      variant,
      source: arraySource(sparseData(512, 1), D),
      training: { steps: 5, batch_size: 128 },
    });
    const { data } = checkpoint.tensors["W_dec"]!;
    for (let j = 0; j < F; j++) expect(Math.hypot(...data.subarray(j * D, (j + 1) * D))).toBeCloseTo(1, 5);
  });
});

describe("AuxK", () => {
  it("is a loss only while latents are dead, and its gradient reaches the dead latents and no living one", async () => {
    const { ops } = await openBackend("wasm");
    const variant = baseline({ d_in: D, d_sae: F, k: K, aux_k: 6 }, resolve);
    const params = ops.tidy(() => variant.init(ops, { seed: 1, center: new Float32Array(D) }));
    const x = sparseData(64, 3);
    const isDead = (j: number): boolean => j % 5 === 0;
    const gradients = (dead: boolean): Tensors =>
      ops.tidy(() => {
        const mask = ops.tensor(
          Array.from({ length: F }, (_, j) => Number(isDead(j))),
          [F],
        );
        const context = { x: ops.tensor(x, [64, D]), progress: 0, ...(dead ? { dead: mask } : {}) };
        return ops.valueAndGrads(params, (p) => {
          const { losses } = variant.forward(ops, p, context);
          expect(Object.keys(losses)).toEqual(dead ? ["mse", "auxk"] : ["mse"]);
          return { loss: Object.values(losses).reduce((a, b) => ops.add(a, b)), aux: {} };
        }).grads;
      });
    const [without, withAux] = [gradients(false), gradients(true)];
    const [plain, revived] = [(await ops.read(without["W_dec"]!)).data, (await ops.read(withAux["W_dec"]!)).data];
    let reached = 0;
    for (let j = 0; j < F; j++) {
      const change = Math.hypot(...Array.from({ length: D }, (_, i) => plain[j * D + i]! - revived[j * D + i]!));
      if (isDead(j)) reached += Number(change > 0);
      else expect(change).toBe(0);
    }
    expect(reached).toBeGreaterThan(0);
    ops.dispose([...Object.values(params), ...Object.values(without), ...Object.values(withAux)]);
  });
});

describe("gradients of the smooth losses, against central differences", () => {
  it.each([
    ["topk", baseline({ d_in: 5, d_sae: 9, k: 3 }, resolve)],
    [
      "relu",
      baseline({ d_in: 5, d_sae: 9, activation: "relu", l1_coefficient: 0.1, sparsity_warmup_fraction: 0 }, resolve),
    ],
  ] as const)("%s", async (_name, variant) => {
    const { ops } = await openBackend("wasm");
    const x = normals(6 * 5, 1, 3);
    const params = ops.tidy(() => variant.init(ops, { seed: 4, center: normals(5, 0.1, 6) }));
    const loss = (p: Tensors): Tensor =>
      Object.values(variant.forward(ops, p, { x: ops.tensor(x, [6, 5]), progress: 1 }).losses).reduce((a, b) =>
        ops.add(a, b),
      );
    const grads = ops.tidy(() => ops.valueAndGrads(params, (p) => ({ loss: loss(p), aux: {} })).grads);
    for (const [name, param] of Object.entries(params)) {
      const [host, analytic] = [await ops.read(param), (await ops.read(grads[name]!)).data];
      const numeric: number[] = [];
      for (let i = 0; i < analytic.length; i++) {
        const sides: number[] = [];
        for (const step of [1e-2, -1e-2]) {
          const moved = Float32Array.from(host.data);
          moved[i]! += step;
          const value = ops.tidy(() => loss({ ...params, [name]: ops.tensor(moved, host.shape) }));
          sides.push((await ops.read(value)).data[0]!);
          ops.dispose(value);
        }
        numeric.push((sides[0]! - sides[1]!) / 2e-2);
      }
      const scale = Math.max(...numeric.map(Math.abs));
      // Entries whose step crosses a kink (a latent entering or leaving) are few; all others must agree.
      const wrong = numeric.filter((n, i) => Math.abs(n - analytic[i]!) > 5e-3 * scale).length;
      expect(wrong, name).toBeLessThanOrEqual(Math.ceil(0.05 * numeric.length));
    }
    ops.dispose([...Object.values(params), ...Object.values(grads)]);
  });
});

describe("configuration", () => {
  it("names unknown keys with the allowed ones", () => {
    expect(() => baseline({ d_in: 4, d_sae: 8, topk: 3 } as never, resolve)).toThrow(
      /variant baseline: .*topk.*keys allowed: d_in, d_sae/,
    );
  });
  it("refuses k beyond the dictionary", () => {
    expect(() => ternary({ d_in: 4, d_sae: 8, k: 9 }, resolve)).toThrow(
      "variant ternary: k=9 exceeds d_sae=8; lower k or widen the dictionary",
    );
  });
  it("refuses keys of another activation", () => {
    expect(() => baseline({ d_in: 4, d_sae: 8, activation: "relu", k: 2 }, resolve)).toThrow(
      "variant baseline: activation is relu, but k belongs to topk and batch-topk; remove the key or change activation; keys of relu: l1_coefficient, sparsity_warmup_fraction, p_end, p_anneal_start_fraction",
    );
  });
  it("refuses unknown quantizers", () => {
    expect(() => baseline({ d_in: 4, d_sae: 8, k: 2, decoder_quantizer: "int99" }, resolve)).toThrow(
      'unknown quantizer "int99"; allowed:',
    );
  });
});
