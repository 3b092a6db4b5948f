import { beforeAll, describe, expect, it } from "vitest";
import {
  decodePackedSae,
  encodePackedSae,
  loadSae,
  NO_PART,
  NonFiniteError,
  UsageError,
  type FloatMatrix,
  type PackedMatrix,
  type PackedSae,
} from "@qsae/runtime";
import { arraySource, openBackend, type Backend, type DataSource } from "@qsae/core";
import { int } from "../int.ts";
import { ternary } from "../ternary.ts";
import { dropDeadLatents } from "../mixed/drop-dead-latents.ts";
import { dIn, dSae, packedError, plantedSae, plantedSelections, plantedTokens } from "./planted.fixture.ts";
import { floatSae } from "./problems.fixture.ts";
import { quantizeMethods, quantizeSae } from "./quantize-sae.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await openBackend("wasm", { threads: 1 });
  return () => backend.close();
});

const x = plantedTokens(300, 1);
const source: DataSource = arraySource(x, dIn);
const both = { encoder: ternary(), dictionary: ternary() };
const quick = { ...both, source, steps: 6, batchSize: 100 };
const methods = quantizeMethods.filter((method) => method !== "rtn");

const stageOf = ({ stages: [stage] }: PackedSae) => stage!;
const droppedOf = (matrix: PackedMatrix): number[] =>
  matrix.kind === "mixed" ? [...matrix.partOfRow.keys()].filter((j) => matrix.partOfRow[j] === NO_PART) : [];

describe("quantizeSae", () => {
  for (const [name, selection] of plantedSelections) {
    it(`${name}: every method gives a file that reads back as it is, with codes on both sides`, async () => {
      const before = backend.ops.memory().tensors;
      for (const method of quantizeMethods) {
        const { sae, support } = await quantizeSae(backend, plantedSae({ selection }), { ...quick, method });
        expect(decodePackedSae(encodePackedSae(sae), "packed")).toEqual(sae);
        expect([stageOf(sae).encoder, stageOf(sae).dictionary]).toMatchObject([
          { kind: "codes", quantizer: { id: "ternary" } },
          { kind: "codes", quantizer: { id: "ternary" } },
        ]);
        expect(loadSae(sae).reconstruct(x).every(Number.isFinite)).toBe(true);
        expect(support === undefined).toBe(method === "rtn");
        if (support) expect(support.overlap).toBeGreaterThan(0.3);
      }
      expect(backend.ops.memory().tensors).toBe(before);
    });
  }

  it("says that all latents stay where the encoder does", async () => {
    const of = async (subtractBDec: boolean) =>
      (await quantizeSae(backend, plantedSae({ subtractBDec }), { method: "gptq", dictionary: ternary(), source }))
        .support!;
    expect(await of(false)).toEqual({ overlap: 1, changedTokens: 0 });
    // b_enc makes up for the change of b_dec, up to float32
    expect((await of(true)).overlap).toBeGreaterThan(0.999);
  });

  it("rotates first, and reconstructs in the space it was given", async () => {
    const plain = await quantizeSae(backend, plantedSae(), { ...quick, method: "gptq" });
    const { sae } = await quantizeSae(backend, plantedSae(), { ...quick, method: "gptq", rotate: true });
    expect(sae.rotation).toMatchObject({ kind: "hadamard" });
    expect(packedError(sae, x)).toBeLessThan(2 * packedError(plain.sae, x));
  });

  it.each(methods)(
    "%s: gives the same bytes for a seed, on one thread and on two, and others for another",
    async (method) => {
      const of = async (on: Backend, seed: number): Promise<Uint8Array> =>
        encodePackedSae((await quantizeSae(on, plantedSae(), { ...quick, method, seed, calibrationTokens: 200 })).sae);
      const once = await of(backend, 5);
      const two = await openBackend("wasm", { threads: 2 });
      expect(await of(two, 5)).toEqual(once);
      expect(await of(backend, 6)).not.toEqual(once);
      await two.close();
    },
  );

  it.each(["tune", "two-phase"] as const)("%s: ends with the reason of its signal", async (method) => {
    const controller = new AbortController();
    const reporters = [{ onStep: () => controller.abort(new Error("enough")) }];
    const options = { ...quick, method, steps: 100_000, reporters, signal: controller.signal };
    await expect(quantizeSae(backend, plantedSae(), options)).rejects.toThrow("enough");
  });

  it("copes with latents that never fire, rows of zeros and tokens of zeros", async () => {
    const dead = (j: number): boolean => j > 15;
    const data = plantedTokens(300, 3, dead).fill(0, 0, 20 * dIn);
    const sae = plantedSae({ selection: plantedSelections[2]![1] });
    const stage = stageOf(sae);
    const zeroed = (matrix: PackedMatrix): FloatMatrix => ({
      ...(matrix as FloatMatrix),
      values: (matrix as FloatMatrix).values.slice().fill(0, 2 * dIn, 4 * dIn),
    });
    const odd = {
      ...sae,
      stages: [{ ...stage, encoder: zeroed(stage.encoder), dictionary: zeroed(stage.dictionary) }],
    };
    for (const method of methods) {
      const result = await quantizeSae(backend, odd, { ...quick, method, source: arraySource(data, dIn) });
      const reconstruction = loadSae(result.sae).reconstruct(data);
      expect(reconstruction.every(Number.isFinite)).toBe(true);
      expect(packedError(result.sae, data)).toBeLessThan(1.2 * packedError(await rounded(odd), data));
    }
  });
  const rounded = async (sae: PackedSae): Promise<PackedSae> =>
    (await quantizeSae(backend, sae, { ...both, method: "rtn" })).sae;

  it("works where no latent fires at all", async () => {
    const selection = { kind: "threshold", threshold: new Float32Array(dSae).fill(1e6) } as const;
    for (const method of methods) {
      const { sae, support } = await quantizeSae(backend, plantedSae({ selection }), { ...quick, method });
      expect(support).toEqual({ overlap: 1, changedTokens: 0 });
      expect(loadSae(sae).reconstruct(x).every(Number.isFinite)).toBe(true);
    }
  });
});

describe("quantizeSae of an SAE that leaves rows out", () => {
  const dead = [3, 11, 23];
  const alive = plantedTokens(300, 4, (j) => dead.includes(j));
  const options = { ...quick, source: arraySource(alive, dIn) };
  const given = (of = plantedSae()): PackedSae => dropDeadLatents(of, dead);

  it.each(quantizeMethods)("%s: leaves out the same on both sides, rotated or not", async (method) => {
    const quantizedBefore = await rtn(given());
    for (const sae of [given(), quantizedBefore]) {
      for (const rotate of [false, true]) {
        const { stages } = (await quantizeSae(backend, sae, { ...options, method, rotate })).sae;
        for (const matrix of [stages[0]!.encoder, stages[0]!.dictionary]) {
          expect(droppedOf(matrix)).toEqual(dead);
          expect(matrix).toMatchObject({ parts: [{ kind: "codes", rows: dSae - 3, quantizer: { id: "ternary" } }] });
        }
        expect(
          loadSae({ ...given(), stages })
            .encode(alive)
            .indices.some((j) => dead.includes(j)),
        ).toBe(false);
      }
    }
  });
  const rtn = async (sae: PackedSae): Promise<PackedSae> =>
    (await quantizeSae(backend, sae, { encoder: int(4), dictionary: int(4), method: "rtn" })).sae;

  it.each(["gptq", "tune"] as const)("%s: also of the side that is not quantized", async (method) => {
    for (const side of ["encoder", "dictionary"] as const) {
      const { sae } = await quantizeSae(backend, given(), {
        ...options,
        ...both,
        [other(side)]: undefined,
        method,
      });
      expect(droppedOf(stageOf(sae)[other(side)])).toEqual(dead);
      expect(stageOf(sae)[other(side)]).toMatchObject({ kind: "mixed", parts: [{ kind: "float32", rows: dSae - 3 }] });
    }
  });

  it.each(["gptq", "tune"] as const)(
    "%s: what was quantized before and is not now stays bit for bit",
    async (method) => {
      for (const of of [await rtn(given()), await rtn(plantedSae())]) {
        for (const side of ["encoder", "dictionary"] as const) {
          const { sae } = await quantizeSae(backend, of, {
            ...options,
            ...both,
            [other(side)]: undefined,
            method,
          });
          expect(stageOf(sae)[other(side)]).toEqual(stageOf(of)[other(side)]);
          expect(stageOf(sae)[side]).not.toEqual(stageOf(of)[side]);
        }
      }
    },
  );
  const other = (side: "encoder" | "dictionary") => (side === "encoder" ? "dictionary" : "encoder");

  it("refuses to leave out everything", async () => {
    const none = dropDeadLatents(
      plantedSae(),
      Array.from({ length: dSae }, (_, j) => j),
    );
    await expect(quantizeSae(backend, none, { ...options, method: "gptq" })).rejects.toThrow("all 24 rows are dropped");
  });
});

describe("quantizeSae refuses", () => {
  const refused = (change: Record<string, unknown>, sae: PackedSae = plantedSae()) =>
    expect(quantizeSae(backend, sae, { ...quick, method: "gptq", ...change })).rejects;
  /** Fails a test that reads it. */
  const unread = {
    ...source,
    batches: () => {
      throw new Error("data were read");
    },
  } as DataSource;

  it("unknown methods, and nothing to do", async () => {
    await refused({ method: "awq" }).toThrow(/awq.*rtn, gptq, tune, two-phase/);
    await refused({ encoder: undefined, dictionary: undefined }).toThrow("nothing to do; give a quantizer");
  });

  it.each(methods)("%s without data, or with data of another width or none", async (method) => {
    await refused({ method, source: undefined }).toThrow(`method ${method} needs activations`);
    await refused({ method, source: arraySource(x, dIn / 2) }).toThrow("the data has d_in=16, the SAE d_in=32");
    await refused({ method, source: arraySource(new Float32Array(0), dIn) }).toThrow("the data has no tokens");
  });

  it("numbers that mean nothing, before it reads data", async () => {
    for (const [change, message] of [
      [{ calibrationTokens: 0 }, "calibrationTokens=0 is not allowed; use an integer of at least 1"],
      [{ calibrationTokens: Number.NaN }, "calibrationTokens=NaN is not allowed"],
      [{ method: "tune", steps: 0 }, "steps=0 is not allowed; use an integer of at least 1"],
      [{ method: "tune", steps: 2.5 }, "steps=2.5 is not allowed"],
      [{ method: "tune", batchSize: -1 }, "batchSize=-1 is not allowed"],
      [{ method: "two-phase", steps: 1 }, "steps=1 is not allowed; use an integer of at least 2"],
      [{ method: "two-phase", encoder: undefined }, "two-phase quantizes both sides"],
      [{ method: "two-phase", dictionary: undefined }, "two-phase quantizes both sides"],
    ] as const) {
      await refused({ source: unread, ...change }).toThrow(UsageError);
      await refused({ source: unread, ...change }).toThrow(message);
    }
  });

  it.each(methods)("%s of several stages; rtn takes those", async (method) => {
    const [stage] = plantedSae().stages as [PackedSae["stages"][0]];
    const residual = { ...stage, input: { kind: "residual", factor: 1 } } as const;
    const two = { ...plantedSae(), stages: [stage, residual] };
    await refused({ method }, two).toThrow("this SAE has 2 stages");
    expect((await quantizeSae(backend, two, { ...both, method: "rtn" })).sae.stages).toHaveLength(2);
  });

  it.each(quantizeMethods)("%s with groups that do not divide d_in, and leaks nothing", async (method) => {
    const before = backend.ops.memory().tensors;
    const grouped = int(4, { per: 12 });
    await refused({ method, encoder: grouped, dictionary: grouped }).toThrow(UsageError);
    await refused({ method, encoder: grouped, dictionary: grouped }).toThrow(
      "rows of 32 weights cannot be split into groups of 12",
    );
    expect(backend.ops.memory().tensors).toBe(before);
  });

  it.each(methods)("%s of activations that are not finite, naming the row", async (method) => {
    const bad = x.slice();
    bad[7 * dIn + 3] = Number.NaN;
    await refused({ method, source: arraySource(bad, dIn) }).toThrow(NonFiniteError);
    await refused({ method, source: arraySource(bad, dIn) }).toThrow(/row 7\b/);
  });

  it.each(quantizeMethods)("%s of weights that are not finite, naming them", async (method) => {
    const broken = (side: "encoder" | "dictionary", value: number): PackedSae => {
      const sae = plantedSae();
      const matrix = stageOf(sae)[side] as FloatMatrix;
      const values = matrix.values.slice();
      values[5 * dIn + 2] = value;
      return { ...sae, stages: [{ ...stageOf(sae), [side]: { ...matrix, values } }] };
    };
    for (const side of ["encoder", "dictionary"] as const) {
      for (const value of [Number.NaN, Infinity, -Infinity]) {
        await refused({ method }, broken(side, value)).toThrow(NonFiniteError);
        await refused({ method }, broken(side, value)).toThrow(`row 5, column 2 is ${value}`);
      }
    }
  });

  it("biases and thresholds that are not finite", async () => {
    const stage = stageOf(floatSae());
    const bad = (length: number): Float32Array => new Float32Array(length).fill(Number.NaN, 1, 2);
    for (const [change, message] of [
      [{ bEnc: bad(24) }, "b_enc: entry 1 is NaN"],
      [{ bDec: bad(16) }, "b_dec: entry 1 is NaN"],
      [{ selection: { kind: "threshold", threshold: bad(24) } }, "threshold: entry 1 is NaN"],
      [{ selection: { kind: "gate", magScale: bad(24), magBias: bad(24) } }, "mag_scale: entry 1 is NaN"],
    ] as const) {
      await refused({}, { ...floatSae(), stages: [{ ...stage, ...change }] }).toThrow(message);
    }
  });
});
