/** An SAE on a backend against the runtime's interpreter, which sums in float64. */
import {
  loadSae,
  NonFiniteError,
  NO_PART,
  UsageError,
  type Latents,
  type PackedSae,
  type Selection,
} from "@qsae/runtime";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openBackend } from "../backends/open-backend.ts";
import type { Backend } from "../contracts/backend.ts";
import type { TensorOps } from "../contracts/tensor-ops.ts";
import { normals } from "../random.ts";
import { saeOnBackend } from "./sae-on-backend.ts";
import { exactSae, gaussianSae, isExact } from "./saes.fixture.ts";

const selections: Readonly<Record<string, (dSae: number) => Selection>> = {
  "top-k": (dSae) => ({ kind: "topk", k: Math.min(6, dSae), relu: true }),
  "top-k without ReLU": (dSae) => ({ kind: "topk", k: Math.min(6, dSae), relu: false }),
  threshold: (dSae) => ({ kind: "threshold", threshold: new Float32Array(dSae).fill(0.8) }),
  sign: () => ({ kind: "sign" }),
  "sign with k": (dSae) => ({ kind: "sign", k: Math.min(6, dSae) }),
  gate: (dSae) => ({ kind: "gate", magScale: normals(dSae, 1, 7), magBias: normals(dSae, 0.5, 8) }),
};

/** What both say, or throw. */
async function bothWays(ops: TensorOps, packed: PackedSae, x: Float32Array): Promise<[unknown, unknown]> {
  const sae = saeOnBackend(ops, packed);
  const interpreted = new Promise<Latents>((resolve) => resolve(loadSae(packed).encode(x)));
  const [device, oracle] = await Promise.allSettled([sae.encode(x), interpreted]);
  sae.dispose();
  return [device, oracle];
}

describe.each(["cpu", "wasm"] as const)("saeOnBackend on %s", (name) => {
  let backend: Backend;
  let ops: TensorOps;
  let before: ReturnType<TensorOps["memory"]>;
  beforeAll(async () => {
    backend = await openBackend(name);
    ops = backend.ops;
    before = ops.memory();
  });
  afterEach(() => expect(ops.memory()).toEqual(before));
  afterAll(() => backend.close());

  const encode = async (packed: PackedSae, x: Float32Array): Promise<Latents> => {
    const sae = saeOnBackend(ops, packed);
    try {
      return await sae.encode(x);
    } finally {
      sae.dispose();
    }
  };

  it("equals the interpreter to the last bit where float32 rounds nothing, ties included", async () => {
    await fc.assert(
      fc.asyncProperty(exactSae(), async ({ sae, x }) => {
        fc.pre(isExact(sae, x));
        expect(await encode(sae, x)).toEqual(loadSae(sae).encode(x));
      }),
      { numRuns: 200 },
    );
  });

  describe.each(Object.entries(selections))("%s", (_, selection) => {
    it("differs from the interpreter by rounding in float32 alone", async () => {
      const [dIn, dSae, n] = [48, 300, 40];
      const packed = gaussianSae({ dIn, widths: [dSae], selection });
      const x = normals(n * dIn, 1, 42);
      expectWithinRounding(packed, x, await encode(packed, x));
    });

    it("does so through a stack of stages", async () => {
      const packed = gaussianSae({ dIn: 32, widths: [100, 64, 80], selection });
      const x = normals(60 * 32, 1, 9);
      const [device, oracle] = [await encode(packed, x), loadSae(packed).encode(x)];
      expect(device.indices).toEqual(oracle.indices);
      expect(device.offsets).toEqual(oracle.offsets);
      const largest = oracle.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      device.values.forEach((value, e) => expect(Math.abs(value - oracle.values[e]!)).toBeLessThan(1e-5 * largest));
    });

    it("gives ties to the lowest index: equal encoder rows, rows of zeros, tokens of zeros", async () => {
      const [dIn, dSae, n] = [16, 256, 60];
      const packed = gaussianSae({ dIn, widths: [dSae], selection });
      const [stage] = packed.stages as [PackedSae["stages"][number]];
      const { values } = stage.encoder as { values: Float32Array };
      const bEnc = stage.bEnc.slice();
      for (let j = 0; j < dSae; j += 3) {
        const from = j % 2 === 0 ? undefined : 3 * ((j * j) % 17); // zeros, or one of a few other rows
        values.set(from === undefined ? new Float32Array(dIn) : values.slice(from * dIn, (from + 1) * dIn), j * dIn);
        bEnc[j] = from === undefined ? 0.9 : bEnc[from]!;
      }
      const x = normals(n * dIn, 1, 3);
      x.fill(0, 0, 10 * dIn);
      const tied = { ...packed, stages: [{ ...stage, subtractBDec: false, bEnc }] };
      expect((await encode(tied, x)).indices).toEqual(loadSae(tied).encode(x).indices);
    });

    it.each([
      ["NaN", [1, NaN]],
      ["Infinity", [Infinity, 0]],
      ["scores that overflow upwards", [2e38, 2e38]],
      ["scores that overflow downwards", [-2e38, -2e38]],
    ])("refuses %s as the interpreter does, naming the token row", async (__, [first, second]) => {
      const packed = gaussianSae({ dIn: 2, widths: [9, 5], selection });
      const x = new Float32Array(2 * 70).fill(1);
      x.set([first!, second!], 2 * 51);
      for (const stage of packed.stages) (stage.encoder as { values: Float32Array }).values.set([1, 1]);
      const [device, oracle] = await bothWays(ops, packed, x);
      expect(device).toEqual(oracle);
      expect(oracle).toMatchObject({ status: "rejected", reason: expect.any(NonFiniteError) as unknown });
      expect(String((device as PromiseRejectedResult).reason)).toContain("token row 51");
    });

    it("takes scores that are finite although float32 sums on the way are not", async () => {
      const packed = gaussianSae({ dIn: 4, widths: [6], selection });
      const [stage] = packed.stages as [PackedSae["stages"][number]];
      (stage.encoder as { values: Float32Array }).values.fill(0).set([1, 1, -1, -1]);
      const edge = { ...packed, stages: [{ ...stage, subtractBDec: false, bEnc: new Float32Array(6).fill(1) }] };
      const x = new Float32Array(4 * 30).fill(1);
      for (const row of [3, 4, 20]) x.fill(3e38, 4 * row, 4 * (row + 1));
      const [device, oracle] = await bothWays(ops, edge, x);
      expect(oracle).toMatchObject({ status: "fulfilled" });
      expect(device).toEqual(oracle);
    });

    it("leaves latents alone that were dropped: no encoder row, the lowest float32 as bias", async () => {
      const packed = gaussianSae({ dIn: 8, widths: [40], selection });
      const [stage] = packed.stages as [PackedSae["stages"][number]];
      const partOfRow = Uint8Array.from({ length: 40 }, (__, j) => (j % 2 === 0 ? 0 : NO_PART));
      const values = (stage.encoder as { values: Float32Array }).values.subarray(0, 20 * 8);
      const encoder = {
        ...{ kind: "mixed" as const, rows: 40, cols: 8, partOfRow },
        parts: [{ kind: "float32" as const, rows: 20, cols: 8, values }],
      };
      const bEnc = stage.bEnc.map((bias, j) => (j % 2 === 0 ? bias : -(2 - 2 ** -23) * 2 ** 127));
      const dropped = { ...packed, stages: [{ ...stage, encoder, bEnc }] };
      const x = normals(50 * 8, 1, 4);
      expect((await encode(dropped, x)).indices).toEqual(loadSae(dropped).encode(x).indices);
    });
  });

  it("has the levels, atoms and reconstructions of the packed SAE, and keeps them when disposed", () => {
    const packed = gaussianSae({ dIn: 4, widths: [6, 3], selection: selections["top-k"]! });
    const [sae, whole] = [saeOnBackend(ops, packed), loadSae(packed)];
    sae.dispose();
    expect(sae).toMatchObject({ dIn: 4, dSae: 9, levels: 2, levelEnds: [6, 9], description: packed.description });
    expect(sae.atom(8)).toEqual(whole.atom(8));
    const latents = whole.encode(normals(20, 1, 0));
    expect(sae.decode(latents, { levels: 1 })).toEqual(whole.decode(latents, { levels: 1 }));
  });

  it("takes no tokens, and refuses x of another width and what was disposed", async () => {
    const sae = saeOnBackend(ops, gaussianSae({ dIn: 4, widths: [6], selection: selections["top-k"]! }));
    expect(await sae.encode(new Float32Array())).toMatchObject({ dSae: 6, offsets: Int32Array.of(0) });
    await expect(sae.encode(new Float32Array(6))).rejects.toThrow("encode: x has 6 numbers");
    sae.dispose();
    sae.dispose();
    await expect(sae.encode(new Float32Array(4))).rejects.toThrow(UsageError);
  });

  it("refuses what is no packed SAE, by its name", () => {
    expect(() => saeOnBackend(ops, new Uint8Array(9), "mine.safetensors")).toThrow("mine.safetensors");
    const packed = gaussianSae({ dIn: 4, widths: [6], selection: () => ({ kind: "topk", k: 7, relu: true }) });
    expect(() => saeOnBackend(ops, packed, "mine")).toThrow("mine: stage 0: k is 7");
  });

  it("frees the first stages when a later one does not fit", () => {
    const packed = gaussianSae({ dIn: 4, widths: [6, 3], selection: selections["threshold"]! });
    const failing: TensorOps = {
      ...ops,
      tensor: (data, shape, dtype) => {
        if (shape[0] === 3) throw new Error("no memory");
        return ops.tensor(data, shape, dtype);
      },
    };
    expect(() => saeOnBackend(failing, packed)).toThrow("no memory");
  });
});

describe("many tokens", () => {
  let backend: Backend;
  beforeAll(async () => (backend = await openBackend("wasm", { threads: 1 })));
  afterAll(() => backend.close());

  it.each([
    ["more activations than a block holds", { dIn: 64, dSae: 8, n: 40_000 }, selections["top-k"]!],
    ["more scores than are read at a time", { dIn: 4, dSae: 1024, n: 9000 }, selections["threshold"]!],
    [
      "more largest scores than are read at a time",
      { dIn: 4, dSae: 1024, n: 9000 },
      (): Selection => ({ kind: "topk", k: 1000, relu: true }),
    ],
  ])("are encoded like few: %s", async (_, { dIn, dSae, n }, selection) => {
    const packed = gaussianSae({ dIn, widths: [dSae], selection });
    const x = normals(n * dIn, 1, 1);
    const sae = saeOnBackend(backend.ops, packed);
    const all = await sae.encode(x);
    for (const row of [0, 8191, n - 2]) {
      // two, for a single row of a dense product is summed in another order
      const two = await sae.encode(x.subarray(row * dIn, (row + 2) * dIn));
      const [from, to] = [all.offsets[row]!, all.offsets[row + 2]!];
      expect(all.indices.slice(from, to)).toEqual(two.indices);
      expect(all.values.slice(from, to)).toEqual(two.values);
    }
    sae.dispose();
  });
});

/** The documented tolerance, of an SAE of one stage. */
function expectWithinRounding(packed: PackedSae, x: Float32Array, latents: Latents): void {
  const { dIn, stages } = packed;
  const [{ encoder, bEnc, bDec, dSae, selection }] = stages as [PackedSae["stages"][number]];
  const { values: weights } = encoder as { values: Float32Array };
  const oracle = loadSae(packed).encode(x);
  for (let row = 0; row < x.length / dIn; row++) {
    const [device, expected] = [entriesOf(latents, row), entriesOf(oracle, row)];
    const terms = Array.from({ length: dSae }, (_, j) =>
      Array.from(bDec, (center, d) => (x[row * dIn + d]! - center) * weights[j * dIn + d]!),
    );
    const scores = terms.map((products, j) => products.reduce((sum, term) => sum + term, bEnc[j]!));
    const tolerance = terms.map(
      (products, j) => (dIn + 2) * 2 ** -24 * products.reduce((sum, term) => sum + Math.abs(term), Math.abs(bEnc[j]!)),
    );
    const k = "k" in selection ? selection.k : undefined;
    const kth = k === undefined ? -Infinity : scores.toSorted((a, b) => b - a)[k - 1]!;
    for (const j of new Set([...device.keys(), ...expected.keys()])) {
      const [mine, its] = [device.get(j), expected.get(j)];
      const slope = selection.kind === "gate" ? Math.abs(selection.magScale[j]!) : 1;
      if (mine !== undefined && its !== undefined) {
        expect(Math.abs(mine - its)).toBeLessThanOrEqual(slope * tolerance[j]! + 2 ** -23 * Math.abs(its));
      } else {
        const cuts = selection.kind === "threshold" ? [selection.threshold[j]!] : [0, kth];
        const gap = Math.min(...cuts.map((cut) => Math.abs(scores[j]! - cut)), slope * Math.abs(mine ?? its!));
        expect(gap).toBeLessThanOrEqual(2 * Math.max(...tolerance) * Math.max(1, slope));
      }
    }
  }
}

function entriesOf({ offsets, indices, values }: Latents, row: number): Map<number, number> {
  const entries = new Map<number, number>();
  for (let e = offsets[row]!; e < offsets[row + 1]!; e++) entries.set(indices[e]!, values[e]!);
  return entries;
}
