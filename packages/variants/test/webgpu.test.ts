/**
 * Every variant on a GPU against `cpu`: gradients before the first step, and losses of the first steps, within 1e-3.
 *
 * Where a comparison decides (which latents are the k largest, which code a weight rounds to), two machines that round
 * differently may decide differently, and both are right. So that agreement is no luck, and disagreement no excuse, the data are
 * such that it does not happen in these steps, which `wasm` shows: on data moved by a millionth, many times more than what rounding
 * moves, it gives the losses of `cpu` within a tenth of the bound. Over 50 steps that is asked of the loss that has no such
 * comparison (relu, continuous in every parameter), and of baseline, in which two latents swap places only at equal scores.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arraySource, openBackend, train, type Backend, type Tensors, type Variant } from "@qsae/core";
import { backendsHere, openWithBindings } from "@qsae/core/testing";
import { quantizersByName } from "@qsae/quantizers";
import type { HostTensors } from "@qsae/runtime";
import { builtinVariants, variantByName } from "../src/by-name.ts";
import { onDevice } from "./like-lowered.ts";
import { sparseData } from "./sparse-data.ts";

const SIZES = { d_in: 32, d_sae: 256 } as const;
const K = 8;
const BATCH = 64;
const SEED = 1;
const BOUND = 1e-3;
/** Of the bound, what moving the data may change. */
const MARGIN = 0.1;
const MOVED = 1e-6;

interface Case {
  readonly id: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly steps: number;
}

const cases: readonly Case[] = [
  { id: "baseline", config: { k: K }, steps: 50 },
  { id: "baseline", config: { k: K, preset: "reference" }, steps: 5 },
  { id: "binary", config: { k: K }, steps: 5 },
  { id: "binary", config: { k: K, preset: "reference" }, steps: 5 },
  { id: "binary-latent", config: { k: K }, steps: 5 },
  { id: "binary-latent", config: { preset: "reference" }, steps: 5 },
  { id: "quantized-matryoshka", config: { k: K }, steps: 5 },
  { id: "quantized-matryoshka", config: { preset: "reference" }, steps: 5 },
  { id: "residual-quantized", config: { k: K }, steps: 5 },
  { id: "residual-quantized", config: { preset: "reference" }, steps: 5 },
  { id: "ternary", config: { k: K }, steps: 5 },
  { id: "ternary", config: { preset: "reference" }, steps: 5 },
  { id: "relu", config: { l1_coefficient: 0.01 }, steps: 50 },
  { id: "topk", config: { k: K }, steps: 5 },
  { id: "batch-topk", config: { k: K }, steps: 5 },
  { id: "jumprelu", config: { l0_coefficient: 1e-3, bandwidth: 0.1 }, steps: 5 },
  { id: "gated", config: { l1_coefficient: 0.01 }, steps: 5 },
  { id: "matryoshka", config: { k: K }, steps: 5 },
];

const variantOf = ({ id, config }: Case): Variant =>
  variantByName(id, { ...SIZES, ...config }, { resolveQuantizer: quantizersByName() });

/** `[tokens, d_in]`, each number moved by up to so much of itself. */
function data(tokens: number, moved: number): Float32Array {
  return sparseData(tokens, SIZES.d_in, SEED).map((value, i) => value * (1 + moved * Math.sin(i)));
}

/** Losses by name, of every step. */
async function losses(
  backend: Backend,
  variant: Variant,
  steps: number,
  moved = 0,
): Promise<readonly Readonly<Record<string, number>>[]> {
  const ofSteps: Readonly<Record<string, number>>[] = [];
  await train({
    backend,
    variant,
    source: arraySource(data(BATCH * steps, moved), SIZES.d_in),
    training: { steps, batch_size: BATCH, lr: 3e-3, lr_warmup_steps: 2, seed: SEED, gradients_every: 0 },
    reporters: [{ onStep: (event) => void ofSteps.push(event.losses) }],
  });
  return ofSteps;
}

async function startOf({ ops }: Backend, variant: Variant): Promise<HostTensors> {
  const center = new Float32Array(SIZES.d_in).fill(1);
  const params = ops.tidy(() => variant.init(ops, { seed: SEED, center, deviation: 1 }));
  return readAll({ ops }, params);
}

async function gradients({ ops }: Backend, variant: Variant, start: HostTensors, moved = 0): Promise<HostTensors> {
  const grads = ops.tidy(() => {
    const x = ops.tensor(data(BATCH, moved), [BATCH, SIZES.d_in]);
    const all = ops.valueAndGrads(onDevice(ops, start), (params) => {
      const pass = variant.forward(ops, params, { x, progress: 0 });
      return { loss: Object.values(pass.losses).reduce((sum, loss) => ops.add(sum, loss)), aux: {} };
    });
    return all.grads;
  });
  return readAll({ ops }, grads);
}

/** Disposes what it reads. */
async function readAll({ ops }: Pick<Backend, "ops">, tensors: Tensors): Promise<HostTensors> {
  const read = await Promise.all(Object.entries(tensors).map(async ([name, a]) => [name, await ops.read(a)] as const));
  ops.dispose(Object.values(tensors));
  return Object.fromEntries(read);
}

/** Where they differ by more than a share of the second: norm-wise, of tensors by name. */
function differences(given: HostTensors, expected: HostTensors, bound: number): readonly string[] {
  expect(Object.keys(given)).toEqual(Object.keys(expected));
  return Object.entries(expected).flatMap(([name, { data: values }]) => {
    const theirs = given[name]!.data;
    const norm = Math.hypot(...values);
    const apart = Math.hypot(...Array.from(values, (value, i) => value - theirs[i]!));
    return apart <= bound * norm ? [] : [`${name}: ${apart} of ${norm}`];
  });
}

/** The losses of steps as tensors by step and name. */
const asTensors = (ofSteps: Awaited<ReturnType<typeof losses>>): HostTensors =>
  Object.fromEntries(
    ofSteps.flatMap((named, i) =>
      Object.entries(named).map(([name, loss]) => [
        `${name} of step ${i + 1}`,
        { shape: [], data: Float32Array.of(loss) },
      ]),
    ),
  );

it("covers every built-in variant", () => {
  expect([...new Set(cases.map(({ id }) => id))].sort()).toEqual(builtinVariants.map(({ id }) => id).sort());
});

describe.each(await backendsHere(["webgpu"]))("variants on %s", (name) => {
  let here: Backend;
  let cpu: Backend;
  let wasm: Backend;
  beforeAll(async () => {
    here = await openBackend(name);
    wasm = await openBackend("wasm");
    cpu = await openBackend("cpu");
  });
  afterAll(async () => {
    for (const backend of [here, cpu, wasm]) await backend.close();
  });

  it.each(cases)("$id $config: gradients as on cpu, losses of $steps steps", async (one) => {
    const variant = variantOf(one);
    const start = await startOf(cpu, variant);
    const expected = await gradients(cpu, variant, start);
    const moved = await gradients(wasm, variant, start, MOVED);
    expect(differences(moved, expected, MARGIN * BOUND), "data that decide nothing by rounding").toEqual([]);
    expect(differences(await gradients(here, variant, start), expected, BOUND)).toEqual([]);

    const onCpu = asTensors(await losses(cpu, variant, one.steps));
    const whenMoved = asTensors(await losses(wasm, variant, one.steps, MOVED));
    expect(differences(whenMoved, onCpu, MARGIN * BOUND), "data that decide nothing by rounding").toEqual([]);
    expect(differences(asTensors(await losses(here, variant, one.steps)), onCpu, BOUND)).toEqual([]);
  });
});

/** Matrices of which one, and `[batch, d_sae]` of which four, are twice what a kernel sees at once. */
const WIDE = { d_in: 32, d_sae: 512 } as const;
const BINDING = 2 ** 15;
/** Every variant, by the preset that has more of its own. */
const lastOfEach = cases.filter(({ id }, i) => cases.findLastIndex((one) => one.id === id) === i);
/** A batch's candidates are bound at once: they leave room for so few per token. */
const FEW: Readonly<Record<string, object>> = { "batch-topk": { max_k: K }, matryoshka: { max_k: K } };

describe.each(await backendsHere(["webgpu"]))("variants on %s whose matrices do not fit a binding", (name) => {
  let whole: Backend;
  let parts: Backend;
  let wasm: Backend;
  const wide = ({ id, config }: Pick<Case, "id" | "config">): Variant =>
    variantByName(id, { ...WIDE, ...config, ...FEW[id] }, { resolveQuantizer: quantizersByName() });
  beforeAll(async () => {
    whole = await openBackend(name);
    wasm = await openBackend("wasm");
    parts = await openWithBindings(BINDING);
  });
  afterAll(async () => {
    expect(parts.ops.memory().bytes).toBe(0);
    for (const backend of [whole, parts, wasm]) await backend.close();
  });

  it.each(lastOfEach)("$id $config: gradients as with matrices that do", async (one) => {
    const variant = wide(one);
    const start = await startOf(wasm, variant);
    const expected = await gradients(whole, variant, start);
    expect(differences(await gradients(parts, variant, start), expected, BOUND)).toEqual([]);
  });

  it("start with the same scales", async () => {
    const variant = wide({ id: "ternary", config: { k: K } });
    expect(await startOf(parts, variant)).toEqual(await startOf(whole, variant));
  });

  it.each([
    { id: "relu", config: { l1_coefficient: 0.01 }, training: {} },
    {
      id: "topk",
      config: { k: K, aux_k: K },
      training: { resample_every: 1, resample_until_fraction: 1, dead_after_tokens: BATCH },
    },
    { id: "ternary", config: { preset: "reference" }, training: {} },
  ])("$id $config: a run with everything that there is beside steps", async ({ training, ...one }) => {
    const run = async (backend: Backend) => {
      const records: Record<string, number>[] = [];
      const { checkpoint } = await train({
        backend,
        variant: wide(one),
        source: arraySource(data(2 * BATCH, 0), WIDE.d_in),
        training: {
          ...{ steps: 2, batch_size: BATCH, lr: 3e-3, lr_warmup_steps: 2, seed: SEED },
          ...{ gradients_every: 1, ema_decay: 0.9, clip_grad_norm: 0.1, ...training },
        },
        reporters: [{ onStep: ({ gradients: ofStep }) => void records.push(numbersIn(ofStep)) }],
      });
      return { ...checkpoint.tensors, ...asTensors(records) };
    };
    expect(differences(await run(parts), await run(whole), BOUND)).toEqual([]);
  });
});

/** By their paths, of a record of gradients. */
function numbersIn(record: unknown, path = "gradient"): Record<string, number> {
  if (typeof record === "number") return { [path]: record };
  const inner = Object.entries(record ?? {}).map(([key, value]) => numbersIn(value, `${path}.${key}`));
  return Object.assign({}, ...inner) as Record<string, number>;
}
