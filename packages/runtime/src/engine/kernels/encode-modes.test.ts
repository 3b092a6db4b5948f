/** Integer scores: `certified` is `exact` to the bit, on data made to break it; `fast` finds what it promises. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { NonFiniteError, UsageError } from "../../errors.ts";
import { decodeSafetensors } from "../../index.ts";
import { bitsOf, gaussian, openEngines, place } from "../../../test/engines.ts";
import { sharedData } from "../../../test/shared-data.ts";
import type { Engine } from "../engine.ts";
import type { CodeWidth } from "./code-width.ts";
import { encodeTopK, packEncoder, type EncodeMode } from "./encode-top-k.ts";

const engines = await openEngines();
afterAll(() => engines.close());

interface Problem {
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
  readonly x: Float32Array;
  readonly center: Float32Array;
  readonly wEnc: Float32Array;
  readonly bEnc: Float32Array;
}

function encode(engine: Engine, problem: Problem, mode: EncodeMode, codeWidth?: CodeWidth) {
  const { n, dIn, dSae, k } = problem;
  const block = place(engine);
  const [values, indices] = [block.empty(n * k), block.emptyInts(n * k)];
  const wEnc = block.floats(problem.wEnc).at;
  const packed = codeWidth && packEncoder(engine, { wEnc, dIn, dSae, codeWidth });
  try {
    const report = encodeTopK(engine, {
      ...{ x: block.floats(problem.x).at, center: block.floats(problem.center).at, wEnc },
      ...{ bEnc: block.floats(problem.bEnc).at, values: values.at, indices: indices.at, n, dIn, dSae, k, mode },
      ...(packed && { packed }),
    });
    return { values: values.read(), indices: indices.read(), report };
  } finally {
    if (packed) packed.free();
    block.free();
  }
}

function expectExact(engine: Engine, problem: Problem, width: CodeWidth) {
  const exact = encode(engine, problem, "exact");
  const certified = encode(engine, problem, "certified", width);
  expect(certified.indices).toEqual(exact.indices);
  expect(bitsOf(certified.values)).toEqual(bitsOf(exact.values));
  return certified.report;
}

const gaussianProblem = (n: number, dIn: number, dSae: number, k: number, seed: number): Problem => ({
  ...{ n, dIn, dSae, k, x: gaussian(n * dIn, seed), center: gaussian(dIn, seed + 1).map((value) => value / 10) },
  wEnc: gaussian(dIn * dSae, seed + 2).map((value) => value / Math.sqrt(dIn)),
  bEnc: gaussian(dSae, seed + 3).map((value) => value / 10),
});

/** What data can do to integer codes. */
const adversaries: Readonly<Record<string, (problem: Problem) => Problem>> = {
  "Gaussian data": (problem) => problem,
  "outlier dimensions, 100 times the others": (problem) => ({
    ...problem,
    x: problem.x.map((value, at) => (at % problem.dIn < 2 ? 100 * value : value)),
  }),
  "outlier dimensions in the weights too": (problem) => ({
    ...problem,
    x: problem.x.map((value, at) => (at % problem.dIn === 1 ? 100 * value : value)),
    wEnc: problem.wEnc.map((value, at) => (Math.floor(at / problem.dSae) === 0 ? 100 * value : value)),
  }),
  "every atom twice": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((_, at) => problem.wEnc[at - ((at % problem.dSae) & 1)]!),
    bEnc: problem.bEnc.map((_, j) => problem.bEnc[j & ~1]!),
  }),
  "one atom for all latents: one tie": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((_, at) => problem.wEnc[at - (at % problem.dSae)]!),
    bEnc: problem.bEnc.fill(0.5),
  }),
  "whole numbers: many ties": (problem) => ({
    ...problem,
    x: problem.x.map(Math.round),
    center: problem.center.fill(0),
    wEnc: problem.wEnc.map((value) => Math.round(value * Math.sqrt(problem.dIn))),
    bEnc: problem.bEnc.map((value) => Math.round(10 * value)),
  }),
  "norms of atoms over six orders of magnitude": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((value, at) => value * 10 ** (((at % problem.dSae) % 7) - 3)),
  }),
  "biases far above the scores": (problem) => ({ ...problem, bEnc: problem.bEnc.map((value) => 1e4 * value) }),
  "rows and atoms of zeros": (problem) => ({
    ...problem,
    center: problem.center.fill(0),
    x: problem.x.map((value, at) => (Math.floor(at / problem.dIn) % 3 === 0 ? 0 : value)),
    wEnc: problem.wEnc.map((value, at) => ((at % problem.dSae) % 3 === 0 ? 0 : value)),
  }),
  "numbers near the smallest": (problem) => ({
    ...problem,
    x: problem.x.map((value) => value * 1e-22),
    center: problem.center.fill(0),
    wEnc: problem.wEnc.map((value) => value * 1e-20),
    bEnc: problem.bEnc.fill(0),
  }),
  "numbers near the largest": (problem) => ({
    ...problem,
    x: problem.x.map((value) => value * 1e16),
    wEnc: problem.wEnc.map((value) => value * 1e16),
  }),
  "numbers so small that their squares vanish": (problem) => ({
    ...problem,
    x: problem.x.map((value) => value * 1e-30),
    center: problem.center.fill(0),
    wEnc: problem.wEnc.map((value) => value * 1e-8),
    bEnc: problem.bEnc.map((value) => value * 1e-39),
  }),
  "norms that overflow": (problem) => ({
    ...problem,
    x: problem.x.map((value) => value * 1e20),
    wEnc: problem.wEnc.map((value) => value * 1e10),
  }),
  "scores that all lie within the rounding": (problem) => ({
    ...problem,
    wEnc: problem.wEnc.map((value, at) => 1 + ((at % problem.dSae) % 64) * 2 ** -23 + 0 * value),
    bEnc: problem.bEnc.fill(0),
  }),
};

/**
 * The worst case of the bound, which random data never comes near: one latent whose rounding errors all add up, and 20
 * others that beat it by less than that in coarse scores. Only the k = 1 best counts, and it is the one that looks worst.
 */
function alignedErrors(width: CodeWidth, where: "activations" | "weights" | "rest of the activations"): Problem {
  const [n, dIn, dSae] = [30, 64, 301];
  const levels = width === 1 ? { x: 63, w: 127 } : { x: 2047, w: 2047 };
  const whole = (seed: number, most: number): number[] =>
    [...gaussian(dIn, seed)].map((value) => Math.round(Math.tanh(value) * most));
  const sign = [...gaussian(dIn, 1)].map((value) => (value < 0 ? -1 : 1));
  const signs = (seed: number): number[] => [...gaussian(dIn, seed)].map((value) => (value < 0 ? -1 : 1));
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  // The first component is the largest code, exactly: it sets the scale to 1.
  const led = (row: number[], first: number): number[] => [first, ...row.slice(1)];

  let seen: number[]; // the row as its codes say
  let row: number[];
  let atoms: number[][]; // the one to be found, then the others
  let found: number[]; // the one to be found, as its codes say
  let gain: number; // what the errors add up to
  if (where === "weights") {
    row = seen = sign.map((value) => value * levels.x);
    found = led(whole(2, levels.w / 2), levels.w);
    const error = led(
      sign.map((value) => 0.49 * value),
      0,
    );
    atoms = [found.map((value, i) => value + error[i]!)];
    for (let j = 1; j < dSae; j++) atoms.push(led(whole(10 + j, levels.w / 2), levels.w));
    gain = dot(row, error);
  } else {
    // The rest has codes of its own, in steps of 0.49 / 63.
    const step = where === "activations" ? 1 : 0.49 / 63;
    const error = led(
      sign.map((value) => 0.49 * step * value),
      0,
    );
    const codes = led(whole(2, levels.x / 2), levels.x);
    const rest = whole(3, 50).map((value, i) =>
      where === "activations" || i === 0 ? 0 : i === 1 ? 0.49 : value * step,
    );
    if (where !== "activations") error[1] = 0;
    seen = codes.map((value, i) => value + rest[i]!);
    row = seen.map((value, i) => value + error[i]!);
    found = sign;
    atoms = [found];
    for (let j = 1; j < dSae; j++) atoms.push(signs(10 + j));
    gain = dot(error, found);
  }
  const coarse = dot(seen, found);
  const ahead = (j: number): number => (j <= 20 ? 0.05 + 0.25 * (j / 20) : -1000);
  const bEnc = Float32Array.from(atoms, (atom, j) => (j === 0 ? 0 : coarse - dot(seen, atom) + gain * ahead(j)));
  return {
    ...{ n, dIn, dSae, k: 1, bEnc, center: new Float32Array(dIn) },
    x: Float32Array.from({ length: n * dIn }, (_, at) => row[at % dIn]!),
    wEnc: Float32Array.from({ length: dIn * dSae }, (_, at) => atoms[at % dSae]![Math.floor(at / dSae)]!),
  };
}

const widths = (engine: Engine): CodeWidth[] => (engine.build === "relaxed" ? [1, 2] : [2]);
const cases = engines.all.flatMap(({ name, engine }) => widths(engine).map((width) => ({ name, engine, width })));

describe.each(cases)("certified, $name, codes of $width bytes", ({ engine, width }) => {
  it.each(Object.keys(adversaries))("equals exact bit for bit: %s", (name) => {
    const shapes = fc.record({
      n: fc.integer({ min: 24, max: 90 }),
      dIn: fc.oneof(fc.constantFrom(1, 7, 15, 16, 17, 33), fc.integer({ min: 1, max: 150 })),
      dSae: fc.integer({ min: 260, max: 700 }),
      k: fc.constantFrom(1, 2, 5),
      seed: fc.nat(1000),
    });
    fc.assert(
      fc.property(shapes, ({ n, dIn, dSae, k, seed }) => {
        const report = expectExact(engine, adversaries[name]!(gaussianProblem(n, dIn, dSae, k, seed)), width);
        // Everything else must take the way that is tested here.
        expect(report.mode).toBe(name === "norms that overflow" ? "exact" : "certified");
      }),
      { numRuns: 8 },
    );
  });

  it.each(
    width === 1
      ? (["activations", "weights", "rest of the activations"] as const)
      : (["activations", "weights"] as const),
  )("finds the best latent although the rounding errors of the %s all hide it", (where) => {
    const problem = alignedErrors(width, where);
    expect(expectExact(engine, problem, width)).toMatchObject({ mode: "certified", rowsBeyondBudget: 0 });
    expect(new Set(encode(engine, problem, "certified", width).indices)).toEqual(new Set([0]));
    expect(new Set(encode(engine, problem, "fast", width).indices)).not.toContain(0);
  });

  it("needs few candidates on Gaussian data, and says how many", () => {
    const report = expectExact(engine, gaussianProblem(200, 256, 4096, 16, 1), width);
    expect(report).toMatchObject({ mode: "certified", rowsBeyondBudget: 0 });
    expect(report.candidatesPerK).toBeGreaterThanOrEqual(1);
    expect(report.candidatesPerK).toBeLessThan(width === 1 ? 20 : 2);
  });

  it("encodes rows exactly that have more candidates than the budget, among rows that have not", () => {
    const problem = gaussianProblem(100, 64, 2000, 4, 2);
    // All latents score the same on rows of zeros, and nothing but the index decides.
    const mixed = { ...problem, x: problem.x.map((value, at) => (Math.floor(at / 64) % 10 === 3 ? 0 : value)) };
    mixed.center.fill(0);
    mixed.bEnc.fill(0.25);
    const report = expectExact(engine, mixed, width);
    expect(report.rowsBeyondBudget).toBe(10);
  });

  const gpt = sharedData("gpt", "gpt_heldout20k.f16.safetensors");
  const sae = sharedData("gpt", "sae_gpt_d2048_k32", "sae_weights.safetensors");
  it.skipIf(gpt === undefined || sae === undefined)(
    "equals exact on real activations and a trained encoder",
    async () => {
      const { readFile } = await import("node:fs/promises");
      const read = async (path: string): Promise<(name: string) => Float32Array> => {
        const { tensors } = decodeSafetensors(await readFile(path), path);
        return (name) => Float32Array.from(tensors[name]!.data);
      };
      const x = (await read(gpt!))("activations");
      const [wEnc, bEnc, center] = ["W_enc", "b_enc", "b_dec"].map(await read(sae!));
      const shape = { n: 1000, dIn: 256, dSae: 2048, k: 32 };
      const problem = { ...shape, x: x.slice(0, 1000 * 256), wEnc: wEnc!, bEnc: bEnc!, center: center! };
      const report = expectExact(engine, problem, width);
      expect(report.rowsBeyondBudget).toBe(0);
      expect(report.candidatesPerK).toBeLessThan(width === 1 ? 8 : 1.5);
    },
  );
});

describe.each(engines.all)("modes, $name", ({ engine }) => {
  it("fast scores twice k candidates and misses next to nothing", () => {
    const problem = gaussianProblem(300, 128, 3000, 20, 3);
    const exact = encode(engine, problem, "exact");
    const fast = encode(engine, problem, "fast");
    expect(fast.report).toMatchObject({ mode: "fast", rowsBeyondBudget: 0 });
    expect(fast.report.candidatesPerK).toBeCloseTo(2, 1);
    let found = 0;
    for (let i = 0; i < 300; i++) {
      const row = new Set(exact.indices.subarray(20 * i, 20 * i + 20));
      for (const latent of fast.indices.subarray(20 * i, 20 * i + 20)) found += Number(row.has(latent));
    }
    expect(found / exact.indices.length).toBeGreaterThan(0.999);
  });

  it("gives way to exact where candidates would be most of the dictionary", () => {
    const problem = gaussianProblem(50, 20, 200, 50, 4);
    const { report, indices } = encode(engine, problem, "certified");
    expect(report).toEqual({ mode: "exact" });
    expect(indices).toEqual(encode(engine, problem, "exact").indices);
  });

  it.each(["certified", "fast", "auto"] as const)("%s does with NaN and infinities what exact does", (mode) => {
    const problem = gaussianProblem(40, 20, 400, 3, 5);
    const before = engine.liveBytes;
    const rows = { ...problem, x: problem.x.map((value, at) => (at === 7 * 20 + 3 ? NaN : value)) };
    expect(() => encode(engine, rows, mode)).toThrow(NonFiniteError);
    expect(() => encode(engine, rows, mode)).toThrow("row 7");
    const weights = { ...problem, wEnc: problem.wEnc.map((value, at) => (at === 3 ? NaN : value)) };
    expect(() => encode(engine, weights, mode)).toThrow("row 0");
    const bias = { ...problem, bEnc: problem.bEnc.map((value, j) => (j % 2 === 0 ? -Infinity : value)) };
    const result = encode(engine, bias, mode);
    expect(result.indices).toEqual(encode(engine, bias, "exact").indices);
    expect(result.indices.every((latent) => latent % 2 === 1)).toBe(true);
    expect(engine.liveBytes).toBe(before);
  });

  it("auto gives the exact result whichever way it tries", () => {
    const problem = gaussianProblem(60, 40, 600, 4, 6);
    const exact = encode(engine, problem, "exact");
    const tried = new Set<string>();
    for (let call = 0; call < 8; call++) {
      const { values, indices, report } = encode(engine, problem, "auto");
      expect(indices).toEqual(exact.indices);
      expect(bitsOf(values)).toEqual(bitsOf(exact.values));
      tried.add(report.mode);
    }
    expect([...tried].sort()).toEqual(["certified", "exact"]);
  });

  it("names the modes that there are", () => {
    const problem = gaussianProblem(30, 4, 10, 1, 7);
    expect(() => encode(engine, problem, "quick" as EncodeMode)).toThrow(UsageError);
    expect(() => encode(engine, problem, "quick" as EncodeMode)).toThrow("exact, certified, fast, auto");
  });
});

describe("modes", () => {
  it.each(["certified", "fast"] as const)("%s gives the same bits and the same report whatever the threads", (mode) => {
    const problem = gaussianProblem(300, 70, 1500, 8, 8);
    const width = widths(engines.sameBuild[0]!.engine)[0]!;
    const [first, ...others] = engines.sameBuild.map(({ engine }) => encode(engine, problem, mode, width));
    for (const other of others) {
      expect(other.indices).toEqual(first!.indices);
      expect(bitsOf(other.values)).toEqual(bitsOf(first!.values));
      expect(other.report).toEqual(first!.report);
    }
  });
});
