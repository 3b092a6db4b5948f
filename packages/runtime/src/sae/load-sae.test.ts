import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { arbitrarySae } from "../../test/arbitrary-sae.ts";
import { naiveSae } from "../../test/naive-sae.ts";
import { sharedData } from "../../test/shared-data.ts";
import { NonFiniteError, UsageError } from "../errors.ts";
import type { Latents } from "../latents.ts";
import { cutAfter, levelsOf } from "../packed/levels.ts";
import { encodePackedSae } from "../packed/packed-file.ts";
import type { PackedSae, PackedStage } from "../packed/schema.ts";
import { decodeSafetensors } from "../safetensors/decode-safetensors.ts";
import { loadSae } from "./load-sae.ts";

const description = { variant: "test", config: {}, provenance: {}, metrics: {} };

/** A one-stage SAE with the given encoder rows (= atoms) and nothing special unless said. */
function saeOf(
  rows: readonly (readonly number[])[],
  stage: Partial<PackedStage> = {},
  rest: Partial<PackedSae> = {},
): PackedSae {
  const dSae = rows.length;
  const dIn = rows[0]!.length;
  const matrix = { kind: "float32", rows: dSae, cols: dIn, values: Float32Array.from(rows.flat()) } as const;
  const plain: PackedStage = {
    dSae,
    input: { kind: "x" },
    subtractBDec: false,
    encoder: matrix,
    bEnc: new Float32Array(dSae),
    selection: { kind: "topk", k: 1, relu: true },
    dictionary: matrix,
    bDec: new Float32Array(dIn),
    outputWeight: 1,
  };
  return { dIn, stages: [{ ...plain, ...stage }], description, ...rest };
}

/** `[n][d_sae]` */
function dense({ dSae, offsets, indices, values }: Latents): number[][] {
  return Array.from({ length: offsets.length - 1 }, (_, token) => {
    const row = Array<number>(dSae).fill(0);
    for (let e = offsets[token]!; e < offsets[token + 1]!; e++) row[indices[e]!] = values[e]!;
    return row;
  });
}

/** The latents below `end`, as those of an SAE of so many. */
function below({ offsets, indices, values }: Latents, end: number): Latents {
  const kept = [...indices.keys()].filter((e) => indices[e]! < end);
  return {
    dSae: end,
    offsets: offsets.map((offset) => kept.filter((e) => e < offset).length),
    indices: Int32Array.from(kept, (e) => indices[e]!),
    values: Float32Array.from(kept, (e) => values[e]!),
  };
}

/** Float32 numbers with -0 as 0. */
const numbers = (values: Iterable<number>) => Array.from(values, (value) => Math.fround(value) + 0);

describe("an SAE of any stages, selections, rules, rotation, scale and skip", () => {
  it("equals the equations of the schema in naive arithmetic, exactly", () => {
    fc.assert(
      fc.property(arbitrarySae(), ({ sae, weights, x }) => {
        const loaded = loadSae(sae);
        const tokens = Array.from({ length: x.length / sae.dIn }, (_, t) => [
          ...x.subarray(t * sae.dIn, (t + 1) * sae.dIn),
        ]);
        const expected = tokens.map((token) => naiveSae({ sae, weights }, token));
        const latents = loaded.encode(x);
        expect(dense(latents).map(numbers)).toEqual(expected.map((token) => numbers(token.latents)));
        expect(latents.values.every((value) => value !== 0)).toBe(true);
        for (let level = 1; level <= loaded.levels; level++) {
          const naive = expected.flatMap((token) => numbers(token.levels[level - 1]!));
          expect(numbers(loaded.decode(latents, { levels: level, x }))).toEqual(naive);
          expect(numbers(loaded.reconstruct(x, { levels: level }))).toEqual(naive);
        }
        expect(loaded.decode(latents, { x })).toEqual(loaded.decode(latents, { levels: loaded.levels, x }));
        expect(loaded.reconstruct(x)).toEqual(loaded.decode(latents, { x }));
      }),
      { numRuns: 400 },
    );
  });

  it("is the same after a trip through a packed file", () => {
    fc.assert(
      fc.property(arbitrarySae(), ({ sae, x }) => {
        const direct = loadSae(sae);
        const packed = loadSae(encodePackedSae(sae));
        expect([packed.dIn, packed.dSae, packed.levels]).toEqual([direct.dIn, direct.dSae, direct.levels]);
        expect(packed.description).toEqual(sae.description);
        expect(packed.encode(x)).toEqual(direct.encode(x));
        expect(packed.reconstruct(x)).toEqual(direct.reconstruct(x));
      }),
      { numRuns: 100 },
    );
  });

  it("decodes with the first m levels as an SAE that ends there, given the latents that take part", () => {
    fc.assert(
      fc.property(arbitrarySae(), ({ sae, x }) => {
        const whole = loadSae(sae);
        const latents = whole.encode(x);
        expect(whole.levelEnds).toHaveLength(whole.levels);
        expect(whole.levelEnds.at(-1)).toBe(whole.dSae);
        for (const [m, level] of levelsOf(sae).entries()) {
          expect(whole.levelEnds[m]).toBe(level.end);
          const cut = loadSae(cutAfter(sae, level));
          expect([cut.levels, cut.dSae]).toEqual([m + 1, level.end]);
          const taking = below(latents, level.end);
          expect(numbers(cut.decode(taking, { x }))).toEqual(numbers(whole.decode(latents, { levels: m + 1, x })));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("has atoms that are what a latent adds to the reconstruction", () => {
    fc.assert(
      fc.property(arbitrarySae(), ({ sae }) => {
        const loaded = loadSae(sae);
        const x = new Float32Array(sae.dIn);
        const none = {
          dSae: loaded.dSae,
          offsets: Int32Array.of(0, 0),
          indices: new Int32Array(),
          values: new Float32Array(),
        };
        const base = loaded.decode(none, { x });
        for (let j = 0; j < loaded.dSae; j++) {
          const one = { ...none, offsets: Int32Array.of(0, 1), indices: Int32Array.of(j), values: Float32Array.of(1) };
          const added = loaded.decode(one, { x }).map((value, d) => value - base[d]!);
          expect(numbers(loaded.atom(j))).toEqual(numbers(added));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("encodes a token the same in any batch", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 140 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 7 }),
        (n, dSae, dIn) => {
          const noise = (i: number) => Math.sin(i * 12.9898) * 3;
          const rows = Array.from({ length: dSae }, (_, j) =>
            Array.from({ length: dIn }, (_, d) => noise(j * dIn + d)),
          );
          const loaded = loadSae(saeOf(rows, { selection: { kind: "threshold", threshold: new Float32Array(dSae) } }));
          const x = Float32Array.from({ length: n * dIn }, (_, i) => noise(i + 1000));
          const batch = loaded.encode(x);
          const single = Array.from({ length: n }, (_, t) => loaded.encode(x.subarray(t * dIn, (t + 1) * dIn)));
          expect([...batch.values]).toEqual(single.flatMap((latents) => [...latents.values]));
          expect([...batch.indices]).toEqual(single.flatMap((latents) => [...latents.indices]));
          expect(batch.offsets).toEqual(
            Int32Array.from(
              Array.from({ length: n + 1 }, (_, t) => single.slice(0, t).reduce((sum, l) => sum + l.indices.length, 0)),
            ),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("top-k selection", () => {
  const eye = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const encode = (x: number[], rows: number[][], k: number, relu = true) =>
    dense(loadSae(saeOf(rows, { selection: { kind: "topk", k, relu } })).encode(Float32Array.from(x)));

  it("takes the largest; relu drops negative ones, and zeros are never stored", () => {
    expect(encode([1, 3, 2], eye, 1)).toEqual([[0, 3, 0]]);
    expect(encode([1, 3, 2], eye, 2)).toEqual([[0, 3, 2]]);
    expect(encode([-1, 3, 0], eye, 3)).toEqual([[0, 3, 0]]);
    expect(encode([-1, 3, 0], eye, 3, false)).toEqual([[-1, 3, 0]]);
    expect(encode([-3, -1, -2], eye, 2, false)).toEqual([[0, -1, -2]]);
  });

  it("gives ties to the lowest index", () => {
    expect(encode([2, 2, 2], eye, 2)).toEqual([[2, 2, 0]]);
    expect(encode([1, 2, 1], eye, 2)).toEqual([[1, 2, 0]]);
    expect(
      encode(
        [5],
        Array.from({ length: 9 }, () => [1]),
        3,
      ),
    ).toEqual([[5, 5, 5, 0, 0, 0, 0, 0, 0]]);
  });

  it("stores ascending indices", () => {
    const rows = Array.from({ length: 50 }, (_, j) => [Math.cos(j * j)]);
    const { indices } = loadSae(saeOf(rows, { selection: { kind: "topk", k: 20, relu: true } })).encode(
      Float32Array.of(1),
    );
    expect(indices.length).toBe(20);
    expect(indices).toEqual(indices.slice().sort());
  });
});

describe("sign selection", () => {
  const eye = Array.from({ length: 5 }, (_, i) => Array.from({ length: 5 }, (_, j) => Number(i === j)));
  const encode = (x: number[], k?: number) =>
    dense(
      loadSae(saeOf(eye, { selection: k === undefined ? { kind: "sign" } : { kind: "sign", k } })).encode(
        Float32Array.from(x),
      ),
    );

  it("switches on every latent of a positive score", () => {
    expect(encode([0.1, 3, 0, -1, 2])).toEqual([[1, 1, 0, 0, 1]]);
  });

  it("with k, only the k largest of them, ties to the lowest index", () => {
    expect(encode([0.1, 3, 0, -1, 2], 2)).toEqual([[0, 1, 0, 0, 1]]);
    expect(encode([2, 3, 2, 2, 2], 3)).toEqual([[1, 1, 1, 0, 0]]);
  });

  it("with k, fewer where fewer are positive, and none where none is", () => {
    expect(encode([-1, 3, 0, -2, 0], 4)).toEqual([[0, 1, 0, 0, 0]]);
    expect(encode([-1, -3, 0, -2, 0], 5)).toEqual([[0, 0, 0, 0, 0]]);
  });
});

describe("batches and arguments", () => {
  const rows = [
    [1, 0],
    [0, 1],
    [1, 1],
  ];
  const sae = loadSae(saeOf(rows));

  it("takes no tokens", () => {
    const latents = sae.encode(new Float32Array());
    expect(latents).toEqual({
      dSae: 3,
      offsets: Int32Array.of(0),
      indices: new Int32Array(),
      values: new Float32Array(),
    });
    expect(sae.decode(latents)).toEqual(new Float32Array());
    expect(sae.reconstruct(new Float32Array())).toEqual(new Float32Array());
  });

  it("keeps its source unchanged and hands out copies", () => {
    const source = saeOf(rows);
    const loaded = loadSae(source);
    const x = Float32Array.of(1, 2);
    loaded.atom(0).fill(9);
    loaded.encode(x);
    loaded.reconstruct(x);
    expect(source).toEqual(saeOf(rows));
    expect(x).toEqual(Float32Array.of(1, 2));
  });

  it.each<[string, () => unknown, string]>([
    [
      "x of another width",
      () => sae.encode(new Float32Array(3)),
      "encode: x has 3 numbers; expected [n, d_in] with d_in = 2, a multiple of 2",
    ],
    ["x of another width", () => sae.reconstruct(new Float32Array(5)), "reconstruct: x has 5 numbers"],
    ["level 0", () => sae.reconstruct(new Float32Array(2), { levels: 0 }), "levels is 0; this SAE has levels 1..1"],
    [
      "a level too many",
      () => sae.decode(sae.encode(new Float32Array(2)), { levels: 2 }),
      "levels is 2; this SAE has levels 1..1",
    ],
    ["half a level", () => sae.reconstruct(new Float32Array(2), { levels: 0.5 }), "levels is 0.5"],
    ["a latent too many", () => sae.atom(3), "atom: latent 3 does not exist; this SAE has latents 0..2"],
    ["a negative latent", () => sae.atom(-1), "latent -1 does not exist"],
    ["half a latent", () => sae.atom(0.5), "latent 0.5 does not exist"],
    [
      "a schema with an error",
      () => loadSae(saeOf(rows, { selection: { kind: "topk", k: 4, relu: true } }), "mine"),
      "mine: stage 0: k is 4; expected an integer in 1..3",
    ],
  ])("refuses %s", (_, call, message) => {
    expect(call).toThrow(UsageError);
    expect(call).toThrow(message);
  });

  it("needs x to decode where there is a skip connection", () => {
    const skipping = loadSae(saeOf(rows, {}, { skip: Float32Array.of(0, 1, 1, 0) }));
    const x = Float32Array.of(1, 2);
    const latents = skipping.encode(x);
    expect(() => skipping.decode(latents)).toThrow("this SAE has a skip connection; give the activations too");
    expect(() => skipping.decode(latents, { x: new Float32Array(4) })).toThrow(
      "x has 4 numbers; 1 tokens of d_in = 2 have 2",
    );
    expect([...skipping.decode(latents, { x })]).toEqual([3 + 2, 3 + 1]);
  });

  it.each([NaN, Infinity, -Infinity])("names the token row of an activation that is %s", (bad) => {
    const x = new Float32Array(2 * 1300).fill(1);
    x[2 * 1234 + 1] = bad;
    for (const call of [() => sae.encode(x), () => sae.reconstruct(x)]) {
      expect(call).toThrow(NonFiniteError);
      expect(call).toThrow(`token row 1234, column 1 is ${bad}`);
    }
  });

  it("names the token row of a score that overflows", () => {
    const x = Float32Array.of(1, 1, 3e38, 3e38);
    expect(() => sae.encode(x)).toThrow(NonFiniteError);
    expect(() => sae.encode(x)).toThrow("token row 1: the score of latent 2 is Infinity");
  });
});

describe("decode of latents from elsewhere", () => {
  const sae = loadSae(
    saeOf([
      [1, 0],
      [0, 1],
      [1, 1],
    ]),
  );
  const latents = (offsets: number[], indices: number[], values: number[], dSae = 3): Latents => ({
    dSae,
    offsets: Int32Array.from(offsets),
    indices: Int32Array.from(indices),
    values: Float32Array.from(values),
  });

  it("steers: any values, negative ones too", () => {
    expect([...sae.decode(latents([0, 2, 2, 3], [0, 2, 1], [10, -1, 0.5]))]).toEqual([9, -1, 0, 0, 0, 0.5]);
  });

  it.each<[string, Latents, string]>([
    ["of another SAE", latents([0], [], [], 4), "d_sae is 4; this SAE has 3"],
    ["with values missing", latents([0, 1], [0], []), "1 indices but 0 values"],
    ["without offsets", latents([], [], []), "offsets must be [n + 1]"],
    ["that start late", latents([1, 1], [0], [1]), "start at 0 and end at 1"],
    ["that end early", latents([0, 0], [0], [1]), "start at 0 and end at 1"],
    ["whose offsets descend", latents([0, 2, 1, 2], [0, 1], [1, 1]), "offsets descend at token 1"],
    ["whose offsets leave the entries", latents([0, 9, 1], [0], [1]), "offsets descend at token 0"],
    ["with an index too large", latents([0, 1], [3], [1]), "token 0 has index 3 after -1; expected ascending, 0..2"],
    ["with a negative index", latents([0, 1], [-1], [1]), "token 0 has index -1"],
    ["with an index twice", latents([0, 0, 2], [1, 1], [1, 1]), "token 1 has index 1 after 1"],
  ])("refuses latents %s", (_, given, message) => {
    expect(() => sae.decode(given)).toThrow(UsageError);
    expect(() => sae.decode(given)).toThrow(message);
  });

  it("refuses values that are not finite", () => {
    expect(() => sae.decode(latents([0, 0, 1], [2], [NaN]))).toThrow(NonFiniteError);
    expect(() => sae.decode(latents([0, 0, 1], [2], [Infinity]))).toThrow("token row 1: latent 2 is Infinity");
  });
});

describe("a real SAE on real activations", () => {
  const folder = sharedData("gpt");
  it.skipIf(folder === undefined)("reconstructs 2000 tokens of a language model with the known error", () => {
    const file = (name: string) => decodeSafetensors(readFileSync(`${folder}/${name}`), name).tensors;
    const { W_enc, b_enc, W_dec, b_dec } = file("sae_gpt_d2048_k32/sae_weights.safetensors") as Record<
      string,
      { data: Float32Array }
    >;
    const [dIn, dSae] = [256, 2048];
    const transposed = Float32Array.from(
      { length: dIn * dSae },
      (_, i) => W_enc!.data[(i % dIn) * dSae + Math.floor(i / dIn)]!,
    );
    const sae = loadSae({
      dIn,
      description,
      stages: [
        {
          dSae,
          input: { kind: "x" },
          subtractBDec: true,
          encoder: { kind: "float32", rows: dSae, cols: dIn, values: transposed },
          bEnc: b_enc!.data,
          selection: { kind: "topk", k: 32, relu: true },
          dictionary: { kind: "float32", rows: dSae, cols: dIn, values: W_dec!.data },
          bDec: b_dec!.data,
          outputWeight: 1,
        },
      ],
    });
    const activations = file("gpt_heldout20k.f16.safetensors")["activations"]!.data as Float32Array;
    // Every tenth row: the held-out texts differ, and the figure is over all of them.
    const x = Float32Array.from(
      { length: 2000 * dIn },
      (_, i) => activations[10 * Math.floor(i / dIn) * dIn + (i % dIn)]!,
    );
    const reconstruction = sae.reconstruct(x);
    expect(sae.encode(x).indices.length).toBe(2000 * 32);
    const mean = new Float64Array(dIn);
    for (let i = 0; i < x.length; i++) mean[i % dIn]! += x[i]! / 2000;
    let error = 0;
    let variance = 0;
    for (let i = 0; i < x.length; i++) {
      error += (x[i]! - reconstruction[i]!) ** 2;
      variance += (x[i]! - mean[i % dIn]!) ** 2;
    }
    expect(error / variance).toBeCloseTo(0.0776, 2);
  });
});
