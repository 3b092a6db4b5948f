import { describe, expect, it } from "vitest";
import {
  arraySource,
  normals,
  pairedSource,
  train,
  type ForwardContext,
  type StepEvent,
  type Tensor,
  type Tensors,
  type Variant,
} from "@qsae/core";
import { loadSae } from "@qsae/runtime";
import { quantizersByName } from "@qsae/quantizers";
import { testBackend } from "../../test/test-backend.ts";
import { relativeError } from "../../test/like-lowered.ts";
import { sparseData } from "../../test/sparse-data.ts";
import { variantByName } from "../by-name.ts";
import { gated, relu, topk } from "../field.ts";
import { matryoshka } from "../matryoshka.ts";

const [D, F, K] = [16, 48, 4];
const resolve = quantizersByName();

const backend = await testBackend();
const { ops } = backend;

const start = (variant: Variant): Tensors =>
  ops.tidy(() => variant.init(ops, { seed: 4, center: normals(variant.dIn, 0.1, 6), deviation: 4 }));
const read = async (a: Tensor): Promise<Float32Array> => (await ops.read(a)).data as Float32Array;
const total = (losses: Tensors): Tensor => Object.values(losses).reduce((a, b) => ops.add(a, b));

describe("unit-norm atoms", () => {
  it("hold after every step of a float dictionary", async () => {
    const { checkpoint } = await train({
      backend,
      variant: topk({ d_in: D, d_sae: F, k: K }, resolve),
      source: arraySource(sparseData(512, D, 1), D),
      training: { steps: 5, batch_size: 128 },
    });
    const { data } = checkpoint.tensors["W_dec"]!;
    for (let j = 0; j < F; j++) expect(Math.hypot(...data.subarray(j * D, (j + 1) * D))).toBeCloseTo(1, 5);
  });
});

describe("AuxK", () => {
  const isDead = (j: number): boolean => j % 5 === 0;
  const dead = (): Tensor =>
    ops.tensor(
      Array.from({ length: F }, (_, j) => Number(isDead(j))),
      [F],
    );

  it.each([
    ["topk", {}],
    ["batch-topk", {}],
    ["matryoshka", {}],
    ["binary-latent", { activation: "binary-topk" }],
    ["binary-latent", { activation: "binary-batch-topk" }],
  ])("is a loss of %s %o while latents are dead; its gradient reaches those and no living one", async (id, extra) => {
    const config = { d_in: D, d_sae: F, k: K, aux_k: 6, ...extra };
    const variant = variantByName(id, config, { resolveQuantizer: resolve });
    const params = start(variant);
    const x = sparseData(64, D, 3);
    const gradients = (withDead: boolean): Tensors =>
      ops.tidy(() => {
        const context = { x: ops.tensor(x, [64, D]), progress: 0, ...(withDead ? { dead: dead() } : {}) };
        return ops.valueAndGrads(params, (p) => {
          const { losses } = variant.forward(ops, p, context);
          expect(Object.keys(losses)).toEqual(withDead ? ["mse", "auxk"] : ["mse"]);
          return { loss: total(losses), aux: {} };
        }).grads;
      });
    const [without, withAux] = [gradients(false), gradients(true)];
    const [plain, revived] = [await read(without["W_dec"]!), await read(withAux["W_dec"]!)];
    let reached = 0;
    for (let j = 0; j < F; j++) {
      const change = Math.hypot(...Array.from({ length: D }, (_, i) => plain[j * D + i]! - revived[j * D + i]!));
      if (isDead(j)) reached += Number(change > 0);
      else expect(change).toBe(0);
    }
    expect(reached).toBeGreaterThan(0);
    ops.dispose([...Object.values(params), ...Object.values(without), ...Object.values(withAux)]);
  });

  it("reconstructs what is left of the target, not of the input", async () => {
    const variant = topk({ d_in: D, d_sae: F, k: K, transcoder: true }, resolve);
    const params = start(variant);
    const x = ops.tensor(sparseData(8, D, 3), [8, D]);
    const auxOf = async (target: Tensor): Promise<number> => {
      const { losses } = variant.forward(ops, params, { x, target, progress: 0, dead: dead() });
      return (await read(losses["auxk"]!))[0]!;
    };
    const explained = variant.forward(ops, params, { x, progress: 0 }).reconstructions[0]!;
    // A residual of nothing but rounding is hopeless next to what dead latents give; a residual equal to it is not.
    expect(await auxOf(explained)).toBeGreaterThan(1e3);
    expect(await auxOf(ops.add(explained, 1))).toBeLessThan(10);
  });
});

describe("gradients of the smooth losses, against central differences", () => {
  const [d, f] = [5, 9];
  const x = normals(6 * d, 1, 3);
  const target = normals(6 * d, 1, 7);
  /** Exponent and factor are moved by hand: the loss is smooth in the rest where they stand still. */
  const annealed: Record<string, number> = { "l1.exponent": 0.4, "l1.factor": 0.8 };
  // The gate loss sees the decoder frozen, so the gradients of W_dec and b_dec are none of the whole loss.
  const gates = ["W_enc", "b_enc", "r_mag", "b_mag"];
  it.each([
    { name: "topk", variant: topk({ d_in: d, d_sae: f, k: 3 }, resolve) },
    { name: "relu", variant: relu({ d_in: d, d_sae: f, l1_coefficient: 0.1, sparsity_warmup_fraction: 0 }, resolve) },
    {
      name: "relu, p-annealing",
      variant: relu({ d_in: d, d_sae: f, l1_coefficient: 0.1, p_end: 0.4 }, resolve),
      skip: Object.keys(annealed),
    },
    { name: "gated", variant: gated({ d_in: d, d_sae: f, l1_coefficient: 0.1 }, resolve), only: gates },
    {
      name: "matryoshka",
      variant: matryoshka({ d_in: d, d_sae: f, k: 3, prefixes: [2, 5, 9], max_k: 9 }, resolve),
      skip: ["inference_threshold"],
    },
    {
      name: "skip transcoder",
      variant: relu({ d_in: d, d_sae: f, transcoder: true, skip: true }, resolve),
      context: { target },
    },
  ])(
    "$name",
    async ({
      variant,
      only,
      skip = [],
      context = {},
    }: {
      variant: Variant;
      only?: string[];
      skip?: string[];
      context?: { target?: Float32Array };
    }) => {
      const fresh = start(variant);
      const params = Object.fromEntries(
        Object.entries(fresh).map(([name, a]) => [name, name in annealed ? ops.fill([1], annealed[name]!) : a]),
      );
      const loss = (p: Tensors): Tensor => {
        const seen: ForwardContext = {
          x: ops.tensor(x, [6, d]),
          progress: 1,
          ...(context.target ? { target: ops.tensor(context.target, [6, d]) } : {}),
        };
        return total(variant.forward(ops, p, seen).losses);
      };
      const grads = ops.tidy(() => ops.valueAndGrads(params, (p) => ({ loss: loss(p), aux: {} })).grads);
      const checked = (only ?? Object.keys(params)).filter((name) => ![...skip, "deviation"].includes(name));
      for (const name of checked) {
        const [host, analytic] = [await ops.read(params[name]!), await read(grads[name]!)];
        const numeric: number[] = [];
        for (let i = 0; i < analytic.length; i++) {
          const sides: number[] = [];
          for (const step of [1e-2, -1e-2]) {
            const moved = Float32Array.from(host.data);
            moved[i]! += step;
            const value = ops.tidy(() => loss({ ...params, [name]: ops.tensor(moved, host.shape) }));
            sides.push((await read(value))[0]!);
            ops.dispose(value);
          }
          numeric.push((sides[0]! - sides[1]!) / 2e-2);
        }
        const scale = Math.max(...numeric.map(Math.abs));
        expect(scale, name).toBeGreaterThan(0);
        // Entries whose step crosses a kink (a latent entering or leaving) are few; all others must agree.
        const wrong = numeric.filter((n, i) => Math.abs(n - analytic[i]!) > 5e-3 * scale).length;
        expect(wrong, name).toBeLessThanOrEqual(Math.ceil(0.05 * numeric.length));
      }
      ops.dispose([...Object.values(params), ...Object.values(grads)]);
    },
  );
});

describe("the gate loss", () => {
  it("trains gates and leaves the decoder alone", async () => {
    const variant = gated({ d_in: D, d_sae: F }, resolve);
    const params = start(variant);
    const { grads } = ops.valueAndGrads(params, (p) => {
      const { losses } = variant.forward(ops, p, { x: ops.tensor(sparseData(8, D, 3), [8, D]), progress: 0 });
      return { loss: losses["gate"]!, aux: {} };
    });
    const size = async (name: string): Promise<number> => Math.hypot(...(await read(grads[name]!)));
    expect([await size("W_dec"), await size("r_mag"), await size("b_mag")]).toEqual([0, 0, 0]);
    expect(await size("W_enc")).toBeGreaterThan(0);
    expect(await size("b_enc")).toBeGreaterThan(0);
  });
});

describe("transcoders", () => {
  const [n, x, target] = [10, sparseData(10, D, 1), sparseData(10, D, 2)];
  const context = (): ForwardContext => ({ x: ops.tensor(x, [n, D]), target: ops.tensor(target, [n, D]), progress: 1 });

  it.each([
    ["topk", {}],
    ["batch-topk", {}],
    ["relu", {}],
    ["jumprelu", {}],
    ["matryoshka", { prefixes: [F] }],
    ["ternary", {}],
    ["binary-latent", {}],
  ])("of %s compare with the target", async (id, extra) => {
    const config = { d_in: D, d_sae: F, transcoder: true, ...extra };
    const variant = variantByName(id, config, { resolveQuantizer: resolve });
    const params = start(variant);
    const { losses, reconstructions } = variant.forward(ops, params, context());
    const given = await read(reconstructions.at(-1)!);
    const mse = given.reduce((sum, value, i) => sum + (value - target[i]!) ** 2, 0) / given.length;
    expect((await read(losses["mse"]!))[0]).toBeCloseTo(mse, 4);
  });

  it("do not tie the encoder to the atoms, and start without a skip connection", async () => {
    const params = start(topk({ d_in: D, d_sae: F, k: K, transcoder: true, skip: true }, resolve));
    const [encoder, atoms] = [await read(ops.transpose(params["W_enc"]!)), await read(params["W_dec"]!)];
    expect(relativeError(encoder, atoms)).toBeGreaterThan(1);
    expect((await read(params["W_skip"]!)).every((value) => value === 0)).toBe(true);
  });

  it("add x W_skip", async () => {
    const variant = topk({ d_in: D, d_sae: F, k: K, transcoder: true, skip: true }, resolve);
    const params = start(variant);
    const skip = normals(D * D, 0.3, 8);
    const withSkip = { ...params, W_skip: ops.tensor(skip, [D, D]) };
    const [without, added] = [params, withSkip].map((p) => variant.forward(ops, p, context()).reconstructions[0]!);
    const product = ops.matMul(ops.tensor(x, [n, D]), ops.tensor(skip, [D, D]));
    expect(relativeError(await read(ops.sub(added!, without!)), await read(product))).toBeLessThan(1e-5);
    const host = Object.fromEntries(
      await Promise.all(Object.entries(withSkip).map(async ([name, a]) => [name, await ops.read(a)] as const)),
    );
    expect(relativeError(loadSae(await variant.lower(ops, host)).reconstruct(x), await read(added!))).toBeLessThan(
      1e-5,
    );
  });

  it("learn targets from inputs, the linear part through the skip connection", async () => {
    const tokens = 2048;
    const inputs = sparseData(tokens, D, 1);
    const map = normals(D * D, 1 / Math.sqrt(D), 3);
    const linear = await read(ops.matMul(ops.tensor(inputs, [tokens, D]), ops.tensor(map, [D, D])));
    const source = pairedSource(arraySource(inputs, D), arraySource(linear, D));
    const lastFvu = async (skip: boolean): Promise<number> => {
      const variant = topk({ d_in: D, d_sae: F, k: 2, transcoder: true, skip }, resolve);
      const events: StepEvent[] = [];
      const training = { steps: 150, batch_size: 256, lr: 1e-2 };
      const reporters = [{ onStep: (event: StepEvent) => void events.push(event) }];
      await train({ backend, variant, source, training, reporters });
      return events.at(-1)!.batchFvu;
    };
    const [withSkip, without] = [await lastFvu(true), await lastFvu(false)];
    expect(without).toBeLessThan(0.9);
    expect(withSkip).toBeLessThan(0.2 * without);
  });

  it("refuse what contradicts them", () => {
    expect(() => topk({ d_in: D, d_sae: F, k: K, transcoder: true, apply_b_dec_to_input: true }, resolve)).toThrow(
      "variant topk: transcoder and apply_b_dec_to_input contradict each other: b_dec belongs to the targets",
    );
    expect(() => topk({ d_in: D, d_sae: F, k: K, skip: true }, resolve)).toThrow(
      "variant topk: skip needs transcoder: a skip connection from activations to themselves learns the identity",
    );
  });

  it("are needed where targets are other activations", () => {
    const variant = topk({ d_in: D, d_sae: F, k: K }, resolve);
    expect(() => variant.forward(ops, start(variant), context())).toThrow("set transcoder to true");
  });
});
