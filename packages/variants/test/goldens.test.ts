/**
 * The `reference` presets against what the Python reference computes: `goldens/*.safetensors`, or those of the folder that
 * the environment variable QSAE_GOLDENS names.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  fromReference,
  openBackend,
  type AdamSlot,
  type ForwardPass,
  type StepContext,
  type Tensor,
  type TensorOps,
  type Tensors,
  type Variant,
} from "@qsae/core";
import { decodeSafetensors, loadSae, type HostTensor, type HostTensors } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { variantByName } from "../src/by-name.ts";
import { parityProblem } from "./parity.ts";

const folder = process.env["QSAE_GOLDENS"] ?? fileURLToPath(new URL("goldens", import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith(".safetensors"));

interface Golden {
  readonly variant: Variant;
  readonly tensors: HostTensors;
  readonly lr: number;
}

/** What the metadata says of the golden itself; everything else is configuration. */
const NOT_CONFIG = ["variant", "seed", "batch", "steps", "lr", "optimizer"];

function readGolden(file: string): Golden {
  const { tensors, metadata } = decodeSafetensors(readFileSync(join(folder, file)), file);
  const settings = Object.entries(metadata).filter(([key]) => !NOT_CONFIG.includes(key));
  const config = Object.fromEntries(settings.map(([key, value]) => [key, JSON.parse(value) as unknown]));
  const catalog = { resolveQuantizer: quantizersByName() };
  const variant = variantByName(metadata["variant"]!, { ...config, preset: "reference" }, catalog);
  return { variant, tensors, lr: Number(metadata["lr"]) };
}

/** The parameters (or gradients) saved under a prefix, under our names. */
function parametersAt({ variant, tensors }: Golden, prefix: string): HostTensors {
  const under = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  const named = under.map(([name, tensor]) => [
    name.slice(prefix.length).replace(/^buffer\.(decoder\.)?/, "decoder."),
    tensor,
  ]);
  return fromReference(variant.id, Object.fromEntries(named) as HostTensors);
}

function batch(ops: TensorOps, { tensors }: Golden, step: number): Tensor {
  const { shape, data } = tensors["x"]!;
  const [, n, dIn] = shape as [number, number, number];
  return ops.tensor(data.slice(step * n * dIn, (step + 1) * n * dIn), [n, dIn]);
}

const start = (ops: TensorOps, golden: Golden): Tensors => {
  const dIn = golden.variant.dIn;
  return ops.tidy(() =>
    golden.variant.init(ops, {
      seed: 0,
      center: new Float32Array(dIn),
      deviation: 1,
      warmStart: parametersAt(golden, "init."),
    }),
  );
};

const sum = (ops: TensorOps, losses: Tensors): Tensor => Object.values(losses).reduce((a, b) => ops.add(a, b));

/** Latents as `[n, d_sae]`, however the pass holds them. */
async function denseLatents(ops: TensorOps, { latents }: ForwardPass): Promise<HostTensor> {
  if ("dtype" in latents) return ops.read(latents);
  const [values, indices] = [await ops.read(latents.values), await ops.read(latents.indices)];
  const [n, k] = values.shape as [number, number];
  const data = new Float32Array(n * latents.dSae);
  values.data.forEach((value, e) => (data[Math.floor(e / k) * latents.dSae + indices.data[e]!] = value));
  return { shape: [n, latents.dSae], data };
}

/** Collects what differs, so that one run names every tensor that is off. */
class Differences {
  readonly found: string[] = [];
  compare(name: string, given: HostTensor | undefined, golden: HostTensor, adamLr?: number): void {
    const problem = given ? parityProblem(given, golden, adamLr) : "is missing";
    if (problem) this.found.push(`${name}: ${problem}`);
  }
}

const scalar = (value: number): HostTensor => ({ shape: [1], data: Float32Array.of(value) });

async function compareForward(ops: TensorOps, golden: Golden, differences: Differences): Promise<void> {
  const { variant, tensors } = golden;
  const params = start(ops, golden);
  const pass = ops.tidy(() => variant.forward(ops, params, { x: batch(ops, golden, 0), progress: 0 }));
  const losses: Record<string, number> = {};
  for (const [name, loss] of Object.entries(pass.losses)) losses[name] = (await ops.read(loss)).data[0]!;
  const total = Object.values(losses).reduce((a, b) => a + b, 0);
  differences.compare("loss", scalar(total), tensors["step0.loss"]!);
  if (tensors["step0.recon_loss"]) {
    differences.compare("recon_loss", scalar(losses["mse"]!), tensors["step0.recon_loss"]);
  }
  if (tensors["step0.sparsity_loss"]) {
    differences.compare("sparsity_loss", scalar(losses["sparsity"]!), tensors["step0.sparsity_loss"]);
  }
  if (tensors["step0.polarize"]) {
    // the golden has it without its weight
    const weight = variant.config["polarize_lambda"] as number;
    differences.compare("polarize", scalar(losses["polarize"]! / weight), tensors["step0.polarize"]);
  }
  if (tensors["step0.reconstruction"]) {
    differences.compare(
      "reconstruction",
      await ops.read(pass.reconstructions.at(-1)!),
      tensors["step0.reconstruction"],
    );
  }
  await compareLatents(ops, pass, tensors, differences);
  await compareLevels(ops, golden, pass, differences);
}

async function compareLatents(
  ops: TensorOps,
  pass: ForwardPass,
  tensors: HostTensors,
  differences: Differences,
): Promise<void> {
  const expected = tensors["step0.latents"];
  if (!expected) return;
  const given = await denseLatents(ops, pass);
  const binary = given.data.every((value) => value === 0 || value === 1);
  if (!binary || expected.data.every((value) => value === 0 || value === 1)) {
    return differences.compare("latents", given, expected);
  }
  // Where latents are switches, the golden has the probabilities before the threshold.
  const switches = { shape: expected.shape, data: Float32Array.from(expected.data, (u) => Number(u > 0.5)) };
  differences.compare("latents", given, switches);
  const scores = await ops.read(pass.scores!);
  const probabilities = { shape: scores.shape, data: Float32Array.from(scores.data, (h) => 1 / (1 + Math.exp(-h))) };
  differences.compare("probabilities", probabilities, expected);
}

/** The goldens hold each level's own reconstruction; ours are cumulative, which for the residual variant is another thing. */
async function compareLevels(
  ops: TensorOps,
  { variant, tensors }: Golden,
  { reconstructions, fired }: ForwardPass,
  differences: Differences,
): Promise<void> {
  if (!tensors["step0.level0.reconstruction"]) return;
  const packed = await variant.lower(ops, parametersAt({ variant, tensors, lr: 0 }, "init."));
  const ends = packed.stages.flatMap(({ dSae, prefixEnds = [dSae] }) => prefixEnds);
  expect(ends.length).toBe(reconstructions.length);
  const firedCounts = (await ops.read(fired)).data;
  const n = reconstructions[0]!.shape[0]!;
  let previous: Float32Array = new Float32Array(tensors["step0.level0.reconstruction"].data.length);
  let begin = 0;
  for (const [i, reconstruction] of reconstructions.entries()) {
    const given = (await ops.read(reconstruction)) as HostTensor<Float32Array>;
    const residual = packed.stages.length > 1;
    const own = residual ? given.data.map((value, e) => (value - previous[e]!) * 2 ** i) : given.data;
    differences.compare(`level ${i}`, { shape: given.shape, data: own }, tensors[`step0.level${i}.reconstruction`]!);
    const end = residual ? begin + ends[i]! : ends[i]!;
    const l0 = Float32Array.from(firedCounts.slice(begin, end)).reduce((a, b) => a + b, 0) / n;
    differences.compare(`l0 of level ${i}`, scalar(l0), tensors[`step0.level${i}.l0`]!);
    previous = given.data;
    begin = end;
  }
}

async function compareTraining(ops: TensorOps, golden: Golden, differences: Differences): Promise<void> {
  const { variant, tensors, lr } = golden;
  let slots: Record<string, AdamSlot> = Object.fromEntries(
    Object.entries(start(ops, golden)).map(([name, param]) => [
      name,
      { param, m: ops.zeros(param.shape), v: ops.zeros(param.shape) },
    ]),
  );
  const params = (): Tensors => Object.fromEntries(Object.entries(slots).map(([name, { param }]) => [name, param]));
  for (let step = 1; step <= 5; step++) {
    const before = params();
    const { value, grads, aux } = ops.valueAndGrads(before, (p) => {
      const pass = variant.forward(ops, p, { x: batch(ops, golden, step - 1), progress: (step - 1) / 5 });
      return { loss: sum(ops, pass.losses), aux: pass.statistics ?? {} };
    });
    const context: StepContext = { step, progress: (step - 1) / 5, statistics: aux, gradients: grads };
    const corrected = variant.afterBackward?.(ops, before, grads, context) ?? grads;
    const expectedLoss = scalar(tensors["losses"]!.data[step - 1]!);
    differences.compare(`loss of step ${step}`, scalar((await ops.read(value)).data[0]!), expectedLoss);
    if (step === 1) {
      for (const [name, expected] of Object.entries(parametersAt(golden, "step0.grad."))) {
        differences.compare(`gradient of ${name}`, await ops.read(corrected[name]!), expected);
      }
    }
    const stepped = Object.fromEntries(
      Object.entries(slots).map(([name, slot]) => [name, ops.adamStep(slot, corrected[name]!, { lr, step })]),
    );
    slots = stepped;
    const { params: constrained } = variant.afterStep?.(ops, params(), context) ?? { params: params() };
    slots = Object.fromEntries(
      Object.entries(stepped).map(([name, slot]) => [name, { ...slot, param: constrained[name]! }]),
    );
    if (step !== 1 && step !== 5) continue;
    for (const [name, expected] of Object.entries(parametersAt(golden, `after${step}.`))) {
      differences.compare(
        `${name} after ${step}`,
        await ops.read(slots[name]!.param),
        expected,
        step === 5 ? lr : undefined,
      );
    }
  }
}

it("finds goldens", () => {
  expect(files.length, `*.safetensors in ${folder}`).toBeGreaterThan(0);
});

describe.each(files)("%s", (file) => {
  const golden = readGolden(file);

  it.each(["cpu", "wasm"] as const)("forward, losses and latents on %s", async (name) => {
    const backend = await openBackend(name);
    const differences = new Differences();
    await compareForward(backend.ops, golden, differences);
    expect(differences.found).toEqual([]);
    await backend.close();
  });

  it("gradients and parameters after 1 and 5 Adam steps on wasm", async () => {
    const backend = await openBackend("wasm", { threads: 2 });
    const differences = new Differences();
    await compareTraining(backend.ops, golden, differences);
    expect(differences.found).toEqual([]);
    expect(backend.fallbacks()).toEqual([]);
    await backend.close();
  });

  it("starts with the reference's mask, where there is one", async () => {
    const expected = parametersAt(golden, "init.")["W_dec.mask"];
    if (!expected) return;
    const backend = await openBackend("wasm", { threads: 1 });
    const { ["W_dec.mask"]: _, ...warmStart } = parametersAt(golden, "init.");
    const params = backend.ops.tidy(() =>
      golden.variant.init(backend.ops, {
        seed: 0,
        center: new Float32Array(golden.variant.dIn),
        deviation: 1,
        warmStart,
      }),
    );
    expect(await backend.ops.read(params["W_dec.mask"]!)).toEqual(expected);
    await backend.close();
  });

  it("lowers to a packed SAE of finite reconstructions", async () => {
    const backend = await openBackend("cpu");
    const sae = loadSae(await golden.variant.lower(backend.ops, parametersAt(golden, "after5.")));
    const x = golden.tensors["x"]!.data.slice(0, golden.variant.dIn) as Float32Array;
    expect([...sae.reconstruct(x)].every(Number.isFinite)).toBe(true);
    await backend.close();
  });
});
