import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { NonFiniteError, UsageError } from "../../errors.ts";
import { bitsOf, gaussian, openEngines, place, relativeError } from "../../../test/engines.ts";
import { largest } from "../../../test/largest.ts";
import type { Engine } from "../engine.ts";
import { encodeTopK, packEncoder } from "./encode-top-k.ts";
import { gemm } from "./gemm.ts";

const engines = await openEngines();
afterAll(() => engines.close());

interface Problem {
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
  readonly x: Float32Array;
  readonly center?: Float32Array | undefined;
  readonly wEnc: Float32Array;
  readonly bEnc?: Float32Array | undefined;
}

const random = (n: number, dIn: number, dSae: number, k: number, seed: number): Problem => ({
  ...{ n, dIn, dSae, k, x: gaussian(n * dIn, seed), center: gaussian(dIn, seed + 1) },
  ...{ wEnc: gaussian(dIn * dSae, seed + 2), bEnc: gaussian(dSae, seed + 3) },
});

function encode(engine: Engine, { n, dIn, dSae, k, x, center, wEnc, bEnc }: Problem, pack = false) {
  const block = place(engine);
  const [values, indices] = [block.empty(n * k), block.emptyInts(n * k)];
  const w = block.floats(wEnc).at;
  const packed = pack ? packEncoder(engine, { wEnc: w, dIn, dSae }) : undefined;
  try {
    encodeTopK(engine, {
      ...{ x: block.floats(x).at, wEnc: w, values: values.at, indices: indices.at, n, dIn, dSae, k },
      ...(center && { center: block.floats(center).at }),
      ...(bEnc && { bEnc: block.floats(bEnc).at }),
      ...(packed && { packed }),
    });
    return { values: values.read(), indices: indices.read() };
  } finally {
    packed?.free();
    block.free();
  }
}

/** Every score, by the kernel that is tested on its own. */
function scores(engine: Engine, { n, dIn, dSae, x, center, wEnc, bEnc }: Problem): Float32Array {
  const block = place(engine);
  const out = block.empty(n * dSae);
  const centered = center ? x.map((value, i) => Math.fround(value - center[i % dIn]!)) : x;
  const bias = bEnc && { bias: block.floats(bEnc).at };
  const product = { a: block.floats(centered).at, b: block.floats(wEnc).at, out: out.at, m: n, n: dSae, k: dIn };
  gemm(engine, { ...product, ...bias });
  const result = out.read();
  block.free();
  return result;
}

const odd = fc.oneof(fc.constantFrom(1, 7, 8, 17, 33, 65), fc.integer({ min: 1, max: 300 }));
const problems = fc
  // Not one latent: gemm sums a single column in another order.
  .tuple(
    fc.nat(60),
    odd,
    odd.filter((dSae) => dSae > 1),
    fc.nat(1000),
    fc.boolean(),
    fc.boolean(),
  )
  .chain(([n, dIn, dSae, seed, centered, biased]) =>
    fc.oneof(fc.constantFrom(1, dSae), fc.integer({ min: 1, max: dSae })).map((k) => {
      const problem = random(n, dIn, dSae, k, seed);
      const center = centered ? problem.center : undefined;
      return { ...problem, center, bEnc: biased ? problem.bEnc : undefined };
    }),
  );

describe.each(engines.all)("encodeTopK, $name", ({ engine }) => {
  it("selects from the scores of gemm, value for value, for every odd shape and k", () => {
    fc.assert(
      fc.property(problems, fc.boolean(), (problem, pack) => {
        const expected = largest(scores(engine, problem), problem.n, problem.dSae, problem.k);
        const { values, indices } = encode(engine, problem, pack);
        expect([...indices]).toEqual([...expected.indices]);
        expect([...values]).toEqual([...expected.values]);
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    [40, 700, 20],
    [3, 700, 20],
    [40, 1, 1],
    [3, 1, 1],
  ])("equals float64, n = %d, d_sae = %d, k = %d", (n, dSae, k) => {
    const problem = random(n, 130, dSae, k, 7);
    const { values, indices } = encode(engine, problem);
    const exact = Float64Array.from(indices, (latent, e) => {
      const row = Math.floor(e / problem.k);
      let sum = problem.bEnc![latent]!;
      for (let i = 0; i < problem.dIn; i++) {
        sum += (problem.x[row * problem.dIn + i]! - problem.center![i]!) * problem.wEnc[i * problem.dSae + latent]!;
      }
      return sum;
    });
    expect(relativeError(values, exact)).toBeLessThan(1e-5);
  });

  it("crosses the blocks of k, of columns and of rows", () => {
    const problem = random(400, 1100, 520, 5, 8);
    const expected = largest(scores(engine, problem), problem.n, problem.dSae, problem.k);
    const { values, indices } = encode(engine, problem);
    expect([...indices]).toEqual([...expected.indices]);
    expect(relativeError(values, expected.values)).toBe(0);
  });

  it("gives ties to the lowest index: whole numbers, of which many are equal", () => {
    const problem = random(50, 6, 600, 30, 9);
    const whole = (data: Float32Array): Float32Array => data.map((value) => Math.round(value));
    const tied = {
      ...problem,
      x: whole(problem.x),
      wEnc: whole(problem.wEnc),
      bEnc: whole(problem.bEnc!),
      center: undefined,
    };
    const dense = new Float32Array(tied.n * tied.dSae);
    for (let i = 0; i < tied.n; i++) {
      for (let j = 0; j < tied.dSae; j++) {
        let sum = tied.bEnc[j]!;
        for (let q = 0; q < tied.dIn; q++) sum += tied.x[i * tied.dIn + q]! * tied.wEnc[q * tied.dSae + j]!;
        dense[i * tied.dSae + j] = sum;
      }
    }
    const { values, indices } = encode(engine, tied);
    const expected = largest(dense, tied.n, tied.dSae, tied.k);
    expect([...indices]).toEqual([...expected.indices]);
    expect([...values]).toEqual([...expected.values]);
  });

  it.each([3, 100])("names the first row with a NaN, n = %d, and frees its memory", (n) => {
    const problem = random(n, 20, 300, 4, 10);
    problem.x[2 * 20 + 5] = NaN;
    if (n > 50) problem.x[77 * 20] = Infinity; // Inf - Inf in some score
    const before = engine.liveBytes;
    expect(() => encode(engine, problem)).toThrow(NonFiniteError);
    expect(() => encode(engine, problem)).toThrow("row 2 is NaN");
    expect(engine.liveBytes).toBe(before);
  });

  it("takes no rows, and no columns of x", () => {
    expect(encode(engine, random(0, 5, 9, 2, 11)).values).toHaveLength(0);
    const { values, indices } = encode(engine, random(30, 0, 9, 9, 12));
    expect([...indices.subarray(9, 18)]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...values.subarray(9, 18)]).toEqual([...gaussian(9, 15)]);
  });

  it("says which k is allowed", () => {
    for (const k of [0, 10, 1.5]) expect(() => encode(engine, { ...random(2, 3, 9, 1, 13), k })).toThrow(UsageError);
    expect(() => encode(engine, { ...random(2, 3, 9, 1, 13), k: 10 })).toThrow("k=10 is not in 1 .. dSae=9");
  });
});

describe("encodeTopK", () => {
  it.each([10, 500])("gives the same bits whatever the threads, n = %d", (n) => {
    const problem = random(n, 100, 900, 17, 14);
    const [first, ...others] = engines.sameBuild.map(({ engine }) => encode(engine, problem));
    for (const other of others) {
      expect(other.indices).toEqual(first!.indices);
      expect(bitsOf(other.values)).toEqual(bitsOf(first!.values));
    }
  });

  it("gives the same bits for a token alone and among others", () => {
    const problem = random(50, 100, 900, 17, 15);
    const { engine } = engines.all[0]!;
    const alone = encode(engine, { ...problem, n: 1, x: problem.x.slice(100, 200) });
    expect(bitsOf(alone.values)).toEqual(bitsOf(encode(engine, problem).values.slice(17, 34)));
  });
});
