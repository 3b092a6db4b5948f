import { beforeAll, describe, expect, it } from "vitest";
import { normals, openBackend, packMatrix, type TensorOps } from "@qsae/core";
import {
  bitsPerWeight,
  encodePackedSae,
  loadSae,
  sizeByLevel,
  UsageError,
  type HostTensor,
  type PackedMatrix,
  type PackedSae,
  type Selection,
} from "@qsae/runtime";
import { int } from "../int.ts";
import { ternary } from "../ternary.ts";
import { dropDeadLatents } from "./drop-dead-latents.ts";
import { packMixed } from "./pack-mixed.ts";

let ops: TensorOps;
beforeAll(async () => {
  const backend = await openBackend("wasm", { threads: 1 });
  ops = backend.ops;
  return () => backend.close();
});

const [dSae, dIn, tokens] = [40, 16, 50];
const weights = (seed: number): HostTensor => ({ shape: [dSae, dIn], data: normals(dSae * dIn, 0.3, seed) });
const x = normals(tokens * dIn, 1, 9);
const dead = [0, 3, 17, 38, 39];

function saeOf(encoder: PackedMatrix, dictionary: PackedMatrix, selection: Selection): PackedSae {
  // Dead ones never come to fire: their scores are about -9. Above them live ones have any sign.
  const bEnc = normals(dSae, 0.3, 5).map((bias, j) => (dead.includes(j) ? -9 : bias));
  const stage = {
    ...{ dSae, input: { kind: "x" as const }, subtractBDec: true, encoder, bEnc, selection, dictionary },
    ...{ bDec: normals(dIn, 0.1, 6), outputWeight: 1, prefixEnds: [4, 20, dSae] },
  };
  return {
    dIn,
    stages: [stage],
    description: { variant: "test", config: {}, provenance: {}, metrics: {} },
  };
}
const ones = (value: number) => new Float32Array(dSae).fill(value);
const selections: readonly (readonly [string, Selection])[] = [
  ["top-k with ReLU", { kind: "topk", k: 6, relu: true }],
  ["top-k with ReLU, k more than are alive", { kind: "topk", k: 38, relu: true }],
  ["top-k without ReLU", { kind: "topk", k: 6, relu: false }],
  ["top-k without ReLU, as many as are alive", { kind: "topk", k: dSae - dead.length, relu: false }],
  ["thresholds", { kind: "threshold", threshold: ones(0.4) }],
  ["thresholds below 0", { kind: "threshold", threshold: ones(-2) }],
  ["switches", { kind: "sign" }],
  ["k switches", { kind: "sign", k: 5 }],
  ["gates", { kind: "gate", magScale: ones(1.5), magBias: ones(0.25) }],
];

async function matrices(): Promise<readonly (readonly [string, PackedMatrix, PackedMatrix])[]> {
  const float = (seed: number): PackedMatrix => ({
    ...{ kind: "float32", rows: dSae, cols: dIn },
    values: weights(seed).data as Float32Array,
  });
  const perRow = Array.from({ length: dSae }, (_, j) => [ternary(), int(4), undefined][j % 3]);
  const plane = (await packMatrix(ops, int(3), weights(2))).planes[0]!;
  const shared: PackedMatrix = {
    ...(await packMatrix(ops, int(3), weights(2))),
    planes: [{ ...plane, scale: Float32Array.of(0.5, 0.25), scaleShape: [1, 2] }],
  };
  return [
    ["float", float(1), float(2)],
    ["codes", await packMatrix(ops, int(4), weights(1)), await packMatrix(ops, ternary(), weights(2))],
    ["codes with scales that rows share", float(1), shared],
    ["mixed", await packMatrix(ops, int(8), weights(1)), await packMixed(ops, weights(2), perRow)],
  ];
}

describe("dropDeadLatents", () => {
  it.each(selections)("changes nothing that live latents do: %s", async (_, selection) => {
    for (const [, encoder, dictionary] of await matrices()) {
      const sae = saeOf(encoder, dictionary, selection);
      const [before, after] = [loadSae(sae), loadSae(encodePackedSae(dropDeadLatents(sae, dead)))];
      const latents = before.encode(x);
      expect(latents.indices.some((j) => dead.includes(j))).toBe(false);
      expect(latents.indices.length).toBeGreaterThan(0);
      expect(after.encode(x)).toEqual(latents);
      expect(after.reconstruct(x)).toEqual(before.reconstruct(x));
      expect(after.levelEnds).toEqual(before.levelEnds);
      expect([...after.atom(17)]).toEqual(Array<number>(dIn).fill(0));
    }
  });

  it.each(selections)("never lets a dropped latent fire, even one that was not dead: %s", async (_, selection) => {
    const [, encoder, dictionary] = (await matrices())[1]!;
    const alive = [5, 6];
    const most = Array.from({ length: dSae }, (_, j) => j).filter((j) => !alive.includes(j));
    for (const dropped of [most, most.concat(alive)]) {
      // In two steps: what was dropped before stays so.
      const sae = dropDeadLatents(
        dropDeadLatents(saeOf(encoder, dictionary, selection), dropped.slice(0, 20)),
        dropped,
      );
      for (const input of [x, x.map((value) => -1e6 * value), new Float32Array(dIn)]) {
        expect(
          loadSae(sae)
            .encode(input)
            .indices.every((j) => !dropped.includes(j)),
        ).toBe(true);
      }
    }
  });

  it("leaves a byte of each side of a dropped latent", async () => {
    const [, encoder, dictionary] = (await matrices())[1]!;
    const sae = saeOf(encoder, dictionary, { kind: "sign" });
    const smaller = dropDeadLatents(sae, dead);
    const live = dSae - dead.length;
    const rowBytes = dIn / 2 + 2 + Math.ceil(dIn / 5) + 2; // int4 and ternary, each with a scale
    expect(sizeByLevel(sae).at(-1)!.bytes - sizeByLevel(smaller).at(-1)!.bytes).toBe(dead.length * rowBytes - 2 * dSae);
    expect(bitsPerWeight(smaller).total).toBeCloseTo((8 * (live * rowBytes + 2 * dSae)) / (2 * dSae * dIn), 12);
  });

  it("counts latents through all stages, and leaves stages without dead ones alone", async () => {
    const [, encoder, dictionary] = (await matrices())[1]!;
    const one = saeOf(encoder, dictionary, { kind: "sign" });
    const second = { ...one.stages[0]!, input: { kind: "residual", factor: 1 } } as const;
    const stack: PackedSae = { ...one, stages: [one.stages[0]!, second] };
    const { stages } = dropDeadLatents(
      stack,
      dead.map((j) => j + dSae),
    );
    expect(stages[0]).toBe(stack.stages[0]);
    expect(stages[1]!.encoder.kind).toBe("mixed");
    expect(stages[1]!.bEnc[17]).toBe(-3.4028234663852886e38);
    expect(dropDeadLatents(stack, []).stages).toEqual(stack.stages);
  });

  it.each([40, -1, 0.5, NaN])("refuses latent %s", async (j) => {
    const [, encoder, dictionary] = (await matrices())[0]!;
    const drop = () => dropDeadLatents(saeOf(encoder, dictionary, { kind: "sign" }), [j]);
    expect(drop).toThrow(UsageError);
    expect(drop).toThrow(`latent ${j} does not exist; this SAE has latents 0..39`);
  });
});
