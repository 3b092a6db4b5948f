import { beforeAll, describe, expect, it } from "vitest";
import { dequantizeMatrix, loadSae, type CodeMatrix, type HostTensors } from "@qsae/runtime";
import {
  arraySource,
  normals,
  openBackend,
  pairedSource,
  type Backend,
  type DataSource,
  type StepEvent,
} from "@qsae/core";
import { binary } from "../../binary.ts";
import { int } from "../../int.ts";
import { ternary } from "../../ternary.ts";
import { encodeTokens } from "../calibration/encode-tokens.ts";
import { latentCodes } from "../calibration/latent-codes.ts";
import { sampleTokens } from "../calibration/tokens.ts";
import { gptq } from "../gptq.ts";
import { floatSae, perTensor, selections, stack, type SaeShape } from "../problems.fixture.ts";
import type { RowQuantizers } from "../row-quantizers.ts";
import { packWorkingSae, weightsOf, workingSae, type WorkingMatrix, type WorkingSae } from "../working-sae.ts";
import { tune } from "./tune.ts";
import { tunedVariant } from "./tuned-variant.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend("wasm", { threads: 1 });
  return () => backend.close();
});

const [dIn, dSae] = [16, 24];
const x = normals(1024 * dIn, 1, 21);
const source: DataSource = arraySource(x, dIn);
const target = x.map((value, at) => value + 0.5 * x[(at + 1) % x.length]!);
const transcoding: DataSource = pairedSource(source, arraySource(target, dIn));

/** An SAE whose dictionary is quantized by GPTQ; its encoder is still float. */
async function quantized(shape: SaeShape = {}, quantizer: RowQuantizers = ternary()): Promise<WorkingSae> {
  const { ops } = backend;
  const packed = floatSae(shape);
  const sae = workingSae(packed);
  const codes = latentCodes(await encodeTokens(ops, sae, await sampleTokens(packed, source, { tokens: 500, seed: 1 })));
  const w = (sae.dictionary as { rows: Float32Array }).rows;
  return { ...sae, dictionary: { kind: "codes", rows: await gptq(ops, { w, dIn, codes, quantizer }) } };
}

const trainedCodes = ({ encoder }: WorkingSae): WorkingMatrix => ({
  kind: "trained-codes",
  rows: (encoder as { rows: Float32Array }).rows,
  quantizer: int(4),
  scale: { shape: [dSae, 1], data: new Float32Array(dSae).fill(0.1) },
});

/** Mean squared error of reconstructions by the packed file. */
async function errorOf(sae: WorkingSae, wanted = x): Promise<number> {
  const reconstruction = loadSae(await packWorkingSae(backend.ops, sae)).reconstruct(x);
  return reconstruction.reduce((sum, value, i) => sum + (value - wanted[i]!) ** 2, 0) / wanted.length;
}

const codesOf = async (sae: WorkingSae): Promise<Uint8Array[]> => {
  const { dictionary } = (await packWorkingSae(backend.ops, sae)).stages[0]!;
  const parts = dictionary.kind === "mixed" ? dictionary.parts : [dictionary];
  return parts.flatMap((part) => (part as CodeMatrix).planes.map(({ packed }) => packed));
};

describe("tune", () => {
  const quantizers: readonly (readonly [string, RowQuantizers])[] = [
    ["a scale per atom", ternary()],
    ["a table", binary()],
    ["one scale for all", perTensor()],
    ["two planes", stack()],
    ["different quantizers, and dropped atoms", (j) => [ternary(), int(4), undefined, stack()][j % 4]],
  ];
  it.each(quantizers)("%s: codes stand bit for bit, the error falls", async (_, quantizer) => {
    const sae = await quantized({}, quantizer);
    const before = backend.ops.memory().tensors;
    const tuned = await tune(backend, sae, { source, steps: 40, batchSize: 256, lr: 3e-3, seed: 1 });
    expect(backend.ops.memory().tensors).toBe(before);
    expect(await codesOf(tuned)).toEqual(await codesOf(sae));
    expect(await errorOf(tuned)).toBeLessThan(0.9 * (await errorOf(sae)));
    if (tuned.dictionary.kind !== "codes" || sae.dictionary.kind !== "codes") throw new Error("not codes");
    expect(tuned.dictionary.rows.map((row) => row?.scale)).not.toEqual(sae.dictionary.rows.map((row) => row?.scale));
  });

  for (const [name, selection] of selections(dSae)) {
    it(`${name}: trains on plain and on wrapped activations, SAE and transcoder`, async () => {
      const cases: readonly (readonly [SaeShape, DataSource, Float32Array])[] = [
        [{}, source, x],
        [{ wrapped: true }, source, x],
        [{ wrapped: true, subtractBDec: false }, transcoding, target],
      ];
      for (const [shape, data, wanted] of cases) {
        const sae = await quantized({ selection, ...shape });
        const tuned = await tune(backend, sae, { source: data, steps: 15, batchSize: 256, lr: 2e-3, seed: 1 });
        expect(await errorOf(tuned, wanted)).toBeLessThan(await errorOf(sae, wanted));
        expect(await codesOf(tuned)).toEqual(await codesOf(sae));
        // no gradient reaches an encoder that only decides who fires
        expect(sameFloats(tuned.encoder, sae.encoder)).toBe(selection.kind === "sign");
      }
    });
  }
  const sameFloats = (a: WorkingMatrix, b: WorkingMatrix): boolean =>
    a.kind === "float" && b.kind === "float" && a.rows.every((value, i) => value === b.rows[i]);

  it("lets codes that are trained move, and packs them as they were in training", async () => {
    const sae = await quantized();
    const both = { ...sae, encoder: trainedCodes(sae) };
    const losses: number[] = [];
    const reporter = { onStep: ({ loss }: StepEvent) => void losses.push(loss) };
    const options = { source, steps: 60, batchSize: 1024, lr: 3e-3, seed: 1, reporters: [reporter] };
    const tuned = await tune(backend, both, options);
    expect(losses).toHaveLength(60);
    expect(losses.at(-1)).toBeLessThan(0.95 * losses[0]!);
    const { encoder } = (await packWorkingSae(backend.ops, tuned)).stages[0]!;
    expect(encoder).toMatchObject({ kind: "codes", quantizer: { id: "int", options: { bits: 4 } } });
    const before = (await packWorkingSae(backend.ops, both)).stages[0]!.encoder as CodeMatrix;
    expect((encoder as CodeMatrix).planes[0]!.packed).not.toEqual(before.planes[0]!.packed);
    const weights = await weightsOf(backend.ops, tuned, tuned.encoder);
    let same = 0;
    dequantizeMatrix(encoder).forEach((value, i) => {
      if (Math.abs(value - weights[i]!) <= 2 ** -10 * Math.abs(weights[i]!)) same++;
    });
    expect(same / weights.length).toBe(1);
  });

  it("keeps the sign of a negative scale, and a scale of 0 finite", async () => {
    const sae = await quantized();
    if (sae.dictionary.kind !== "codes") throw new Error("not codes");
    const rows = sae.dictionary.rows.map((row, j) =>
      j < 2 ? { ...row!, scale: Float32Array.of(j === 0 ? -0.2 : 0) } : row,
    );
    const tuned = await tune(backend, { ...sae, dictionary: { kind: "codes", rows } }, { source, steps: 5, seed: 1 });
    if (tuned.dictionary.kind !== "codes") throw new Error("not codes");
    const [negative, zero] = tuned.dictionary.rows;
    expect(negative!.scale[0]).toBeCloseTo(-0.2, 2);
    expect(zero!.scale[0]).toBeCloseTo(0, 20);
  });

  it("gives the same bits for a seed, and others for another", async () => {
    const sae = await quantized({ wrapped: true });
    const run = async (seed: number) => {
      const { encoder, bDec } = await tune(backend, sae, { source, steps: 5, batchSize: 128, seed });
      return { encoder, bDec };
    };
    expect(await run(3)).toEqual(await run(3));
    expect(await run(4)).not.toEqual(await run(3));
  });

  it("ends with the reason of its signal", async () => {
    const sae = await quantized();
    const before = backend.ops.memory().tensors;
    const controller = new AbortController();
    let steps = 0;
    const reporter = {
      onStep: () => {
        if (++steps === 3) controller.abort(new Error("enough"));
      },
    };
    const options = { source, steps: 1000, batchSize: 64, seed: 1, reporters: [reporter], signal: controller.signal };
    await expect(tune(backend, sae, options)).rejects.toThrow("enough");
    expect(steps).toBe(3);
    expect(backend.ops.memory().tensors).toBe(before);
  });

  it("makes do with fewer tokens than a batch has", async () => {
    const few = arraySource(x.subarray(0, 40 * dIn), dIn);
    await expect(tune(backend, await quantized(), { source: few, steps: 2, seed: 1 })).resolves.toMatchObject({ dSae });
  });
});

describe("the loss of tunedVariant", () => {
  const n = 32;
  // ReLU: what fires changes without a jump, so that slopes are gradients everywhere but in kinks.
  const selection = { kind: "threshold", threshold: new Float32Array(dSae) } as const;

  it.each([
    ["a scale per atom", ternary(), {}],
    ["a scale per plane", stack(), { subtractBDec: false }],
    ["one scale for all, wrapped", perTensor(), { wrapped: true }],
  ] as const)("%s: its gradients are its slopes", async (_, quantizer, shape) => {
    const { ops } = backend;
    const variant = tunedVariant(await quantized({ selection, ...shape }, quantizer));
    const init = variant.init(ops, { seed: 1, center: new Float32Array(dIn), deviation: 1 });
    const start: Record<string, { shape: number[]; data: Float32Array }> = {};
    for (const [name, a] of Object.entries(init)) {
      start[name] = { shape: [...a.shape], data: (await ops.read(a)).data as Float32Array };
    }
    ops.dispose(Object.values(init));
    const lossAt = async (point: HostTensors) => {
      const { value, grads } = ops.tidy(() => {
        const params = Object.fromEntries(Object.entries(point).map(([name, a]) => [name, ops.fromHost(a)]));
        const context = {
          x: ops.tensor(x.subarray(0, n * dIn), [n, dIn]),
          target: ops.tensor(target.subarray(0, n * dIn), [n, dIn]),
          progress: 0,
        };
        return ops.valueAndGrads(params, (p) => ({ loss: variant.forward(ops, p, context).losses["mse"]!, aux: {} }));
      });
      const loss = (await ops.read(value)).data[0]!;
      const read = Object.fromEntries(
        await Promise.all(Object.entries(grads).map(async ([name, a]) => [name, (await ops.read(a)).data] as const)),
      );
      ops.dispose([value, ...Object.values(grads)]);
      return { loss, grads: read };
    };
    const { grads } = await lossAt(start);
    const step = 1e-2;
    for (const [name, { shape: of, data }] of Object.entries(start)) {
      const largest = Math.max(...Array.from(grads[name]!, Math.abs));
      expect(largest, name).toBeGreaterThan(1e-3);
      for (let i = 0; i < data.length; i += Math.ceil(data.length / 10)) {
        const moved = async (by: number): Promise<number> => {
          const changed = { shape: of, data: data.map((value, at) => (at === i ? value + by : value)) };
          return (await lossAt({ ...start, [name]: changed })).loss;
        };
        const slope = ((await moved(step)) - (await moved(-step))) / (2 * step);
        expect(Math.abs(slope - grads[name]![i]!), name).toBeLessThan(0.05 * largest);
      }
    }
  });
});
