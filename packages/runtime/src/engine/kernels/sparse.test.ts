/** Decoding and every gradient through sparse latents: one oracle, the dense latents in float64. */
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { bitsOf, gaussian, openEngines, place, relativeError, type Placed } from "../../../test/engines.ts";
import type { Engine } from "../engine.ts";
import { decodeSparse, latentGradient } from "./decode-sparse.ts";
import { countFired, scatterRows } from "./dense-latents.ts";
import { bucketLatents, decoderGradient, encoderGradient } from "./dictionary-gradients.ts";

const engines = await openEngines();
afterAll(() => engines.close());

interface Problem {
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  /** Latents per row, ascending. */
  readonly rows: readonly (readonly number[])[];
  /** Whether rows are told by k or by offsets. */
  readonly k?: number;
  readonly seed: number;
}

/** Ragged rows, or k per row, over d_sae latents of which the first fires on nearly every token. */
const problems: fc.Arbitrary<Problem> = fc
  .record({
    n: fc.nat(150),
    dIn: fc.oneof(fc.constantFrom(1, 3, 4, 7, 8, 17, 33, 65), fc.integer({ min: 1, max: 80 })),
    dSae: fc.oneof(fc.constantFrom(1, 7, 15, 16, 17, 33), fc.integer({ min: 1, max: 120 })),
    seed: fc.nat(1000),
    ragged: fc.boolean(),
  })
  .map(({ n, dIn, dSae, seed, ragged }) => {
    const pick = gaussian(n + 1, seed + 500);
    const k = Math.min(dSae, 1 + (seed % 9));
    const rows = Array.from({ length: n }, (_, i) => {
      const width = ragged ? Math.min(dSae, Math.floor(Math.abs(pick[i + 1]!) * 4)) : k;
      const chosen = new Set<number>(width > 0 ? [0] : []);
      for (let e = 0; chosen.size < width; e++) chosen.add((Math.floor(Math.abs(pick[i]!) * 1000) + e) % dSae);
      return [...chosen].sort((a, b) => a - b);
    });
    return { n, dIn, dSae, rows, seed, ...(ragged ? {} : { k }) };
  });

function setUp(engine: Engine, problem: Problem) {
  const { n, dIn, dSae, rows, k, seed } = problem;
  const block = place(engine);
  const entries = rows.flat();
  const offsets = rows.reduce<number[]>((ends, row) => [...ends, ends.at(-1) + row.length], [0]);
  return {
    ...{ block, count: entries.length },
    values: block.random(entries.length, seed),
    sparse: {
      ...{ indices: block.ints(entries).at, n, dSae },
      ...(k === undefined ? { offsets: block.ints(offsets).at } : { k }),
    },
    wDec: block.random(dSae * dIn, seed + 1),
    bias: block.random(dIn, seed + 2),
    x: block.random(n * dIn, seed + 3),
    dOut: block.random(n * dIn, seed + 4),
  };
}

/** Calls f(entry, row, latent) for every entry in order. */
function eachEntry(rows: Problem["rows"], f: (e: number, i: number, j: number) => void): void {
  let e = 0;
  rows.forEach((row, i) => row.forEach((j) => f(e++, i, j)));
}

/** Sums in float64, beside those of their terms' absolute values: rounding is a share of these, however much cancels. */
class Sums {
  readonly values: Float64Array;
  readonly absolute: Float64Array;
  constructor(start: ArrayLike<number>) {
    this.values = Float64Array.from(start);
    this.absolute = this.values.map(Math.abs);
  }
  add(at: number, term: number): void {
    this.values[at]! += term;
    this.absolute[at]! += Math.abs(term);
  }
}

/** Some 150 terms of float32, 2^-24 each. */
function close(out: Placed, { values, absolute }: Sums): void {
  const [given, none] = [out.read(), new Float64Array(values.length)];
  const apart = relativeError(
    values.map((value, i) => value - given[i]!),
    none,
  );
  expect(apart).toBeLessThanOrEqual(1e-5 * relativeError(absolute, none));
}

describe.each(engines.all)("sparse latents, $name", ({ engine }) => {
  it("decodeSparse equals float64", () => {
    fc.assert(
      fc.property(problems, fc.boolean(), (problem, biased) => {
        const { block, values, sparse, wDec, bias } = setUp(engine, problem);
        const { n, dIn, rows } = problem;
        const out = block.empty(n * dIn);
        const expected = new Sums(Array.from({ length: n * dIn }, (_, at) => (biased ? bias.data[at % dIn]! : 0)));
        eachEntry(rows, (e, i, j) => {
          for (let q = 0; q < dIn; q++) expected.add(i * dIn + q, values.data[e]! * wDec.data[j * dIn + q]!);
        });
        decodeSparse(engine, {
          ...{ ...sparse, values: values.at, wDec: wDec.at, out: out.at, dIn },
          ...(biased && { bias: bias.at }),
        });
        close(out, expected);
        block.free();
      }),
      { numRuns: 40 },
    );
  });

  it("latentGradient equals float64", () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { block, count, sparse, wDec, dOut } = setUp(engine, problem);
        const { dIn, rows } = problem;
        const out = block.empty(count);
        const expected = new Sums(new Float64Array(count));
        eachEntry(rows, (e, i, j) => {
          for (let q = 0; q < dIn; q++) expected.add(e, dOut.data[i * dIn + q]! * wDec.data[j * dIn + q]!);
        });
        latentGradient(engine, { ...sparse, dOut: dOut.at, wDec: wDec.at, out: out.at, dIn });
        close(out, expected);
        block.free();
      }),
      { numRuns: 40 },
    );
  });

  it("bucketLatents sorts by latent, tokens ascending", () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { block, count, sparse } = setUp(engine, problem);
        const buckets = bucketLatents(engine, sparse);
        const sorted: [number, number, number][] = [];
        eachEntry(problem.rows, (e, i, j) => sorted.push([j, i, e]));
        sorted.sort(([j, i], [l, m]) => j - l || i - m);
        expect([...engine.i32(buckets.tokens, count)]).toEqual(sorted.map(([, i]) => i));
        expect([...engine.i32(buckets.entries, count)]).toEqual(sorted.map(([, , e]) => e));
        const starts = Array.from({ length: problem.dSae + 1 }, (_, j) => sorted.filter(([l]) => l < j).length);
        expect([...engine.i32(buckets.starts, problem.dSae + 1)]).toEqual(starts);
        buckets.free();
        block.free();
      }),
      { numRuns: 40 },
    );
  });

  it("dictionary gradients equal float64, with zeros where no token fired", () => {
    fc.assert(
      fc.property(problems, fc.boolean(), (problem, centered) => {
        const { block, values, sparse, bias, x, dOut } = setUp(engine, problem);
        const { dIn, dSae, rows } = problem;
        const [dWDec, dWEnc, dBias] = [block.empty(dSae * dIn), block.empty(dIn * dSae), block.empty(dSae)];
        const expected = {
          dec: new Sums(new Float64Array(dSae * dIn)),
          enc: new Sums(new Float64Array(dIn * dSae)),
          bias: new Sums(new Float64Array(dSae)),
        };
        eachEntry(rows, (e, i, j) => {
          const value = values.data[e]!;
          for (let q = 0; q < dIn; q++) {
            expected.dec.add(j * dIn + q, value * dOut.data[i * dIn + q]!);
            expected.enc.add(q * dSae + j, value * (x.data[i * dIn + q]! - (centered ? bias.data[q]! : 0)));
          }
          expected.bias.add(j, value);
        });
        const buckets = bucketLatents(engine, sparse);
        decoderGradient(engine, { buckets, values: values.at, dOut: dOut.at, out: dWDec.at, dIn });
        encoderGradient(engine, {
          ...{ buckets, dPre: values.at, x: x.at, out: dWEnc.at, dBias: dBias.at, dIn },
          ...(centered && { center: bias.at }),
        });
        close(dWDec, expected.dec);
        close(dWEnc, expected.enc);
        close(dBias, expected.bias);
        buckets.free();
        block.free();
      }),
      { numRuns: 40 },
    );
  });

  it("scatterRows and countFired equal what the entries say", () => {
    fc.assert(
      fc.property(problems, (problem) => {
        const { block, values, sparse } = setUp(engine, problem);
        const { n, dSae, rows } = problem;
        const silenced = block.floats(values.data.map((value) => (value < 0 ? 0 : value)));
        const [dense, fired] = [block.empty(n * dSae), block.empty(dSae)];
        const expected = { dense: new Float32Array(n * dSae), fired: new Float32Array(dSae) };
        eachEntry(rows, (e, i, j) => {
          expected.dense[i * dSae + j] = silenced.data[e]!;
          if (silenced.data[e] !== 0) expected.fired[j]! += 1;
        });
        scatterRows(engine, { ...sparse, values: silenced.at, out: dense.at });
        countFired(engine, { ...sparse, values: silenced.at, out: fired.at });
        expect(dense.read()).toEqual(expected.dense);
        expect(fired.read()).toEqual(expected.fired);
        block.free();
      }),
      { numRuns: 40 },
    );
  });

  it("refuses indices outside the dictionary before anything is written past it, and frees its memory", () => {
    const before = engine.liveBytes;
    for (const bad of [16, -1, 2 ** 30]) {
      const rows = Array.from({ length: 100 }, (_, i) => [1, i === 70 ? bad : 2]);
      const { block, values, sparse, wDec, dOut, count } = setUp(engine, {
        n: 100,
        dIn: 8,
        dSae: 16,
        rows,
        k: 2,
        seed: 1,
      });
      const out = block.empty(100 * 8);
      const decode = { ...sparse, values: values.at, wDec: wDec.at, out: out.at, dIn: 8 };
      expect(() => decodeSparse(engine, decode)).toThrow(UsageError);
      expect(() => decodeSparse(engine, decode)).toThrow(`indices[141]=${bad} is out of range; allowed: 0 .. 15`);
      const gradient = { ...sparse, dOut: dOut.at, wDec: wDec.at, out: block.empty(count).at, dIn: 8 };
      expect(() => latentGradient(engine, gradient)).toThrow("indices[141]");
      expect(() => bucketLatents(engine, sparse)).toThrow("indices[141]");
      const [dense, fired] = [block.empty(100 * 16), block.empty(16)];
      expect(() => scatterRows(engine, { ...sparse, values: values.at, out: dense.at })).toThrow("indices[141]");
      expect(() => countFired(engine, { ...sparse, values: values.at, out: fired.at })).toThrow("indices[141]");
      block.free();
    }
    expect(engine.liveBytes).toBe(before);
  });

  it("refuses offsets that descend, and rows told twice or not at all", () => {
    const block = place(engine);
    const [indices, out] = [block.ints([0, 0, 0]).at, block.empty(8)];
    const decode = { values: out.at, indices, wDec: out.at, out: out.at, n: 2, dIn: 2, dSae: 1 };
    const at = (offsets: number[]): number => block.ints(offsets).at;
    expect(() => decodeSparse(engine, { ...decode, offsets: at([0, 2, 1]) })).toThrow("offsets[2]=1");
    expect(() => decodeSparse(engine, { ...decode, offsets: at([1, 2, 3]) })).toThrow("offsets[0]=1");
    expect(() => decodeSparse(engine, { ...decode, offsets: at([0, -1, 3]) })).toThrow("offsets[1]=-1");
    expect(() => decodeSparse(engine, decode)).toThrow("either k");
    expect(() => decodeSparse(engine, { ...decode, k: 1, offsets: at([0, 1, 2]) })).toThrow("either k");
    block.free();
  });
});

describe("sparse latents", () => {
  it("give the same bits whatever the threads", () => {
    const [n, dIn, dSae, k] = [300, 50, 70, 9];
    const rows = Array.from({ length: n }, (_, i) =>
      Array.from({ length: k }, (__, e) => (e * 7 + i * 3) % dSae).sort((a, b) => a - b),
    );
    const results = engines.sameBuild.map(({ engine }) => {
      const { block, values, sparse, wDec, dOut, x, count } = setUp(engine, { n, dIn, dSae, rows, k, seed: 3 });
      const outs = [n * dIn, count, dSae * dIn, dIn * dSae, dSae].map((length) => block.empty(length));
      const [xhat, dValues, dWDec, dWEnc, dBias] = outs.map(({ at }) => at) as [number, number, number, number, number];
      decodeSparse(engine, { ...sparse, values: values.at, wDec: wDec.at, out: xhat, dIn });
      latentGradient(engine, { ...sparse, dOut: dOut.at, wDec: wDec.at, out: dValues, dIn });
      const buckets = bucketLatents(engine, sparse);
      decoderGradient(engine, { buckets, values: values.at, dOut: dOut.at, out: dWDec, dIn });
      encoderGradient(engine, { buckets, dPre: dValues, x: x.at, out: dWEnc, dBias, dIn });
      const read = outs.map((out) => bitsOf(out.read()));
      buckets.free();
      block.free();
      expect(engine.liveBlocks).toBe(0);
      return read;
    });
    for (const result of results) expect(result).toEqual(results[0]);
  });
});
