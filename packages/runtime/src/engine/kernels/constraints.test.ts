import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { gaussian, openEngines, place, relativeError, sameBits } from "../../../test/engines.ts";
import type { Engine } from "../engine.ts";
import { fakeQuantize, fakeQuantizeScaleGradient } from "./fake-quantize.ts";
import { gatherRows } from "./gather-rows.ts";
import { scatterAddRows } from "./scatter-add-rows.ts";
import { normalizeRows, removeParallel } from "./unit-rows.ts";

const engines = await openEngines();
afterAll(() => engines.close());

const size = fc.oneof(fc.constantFrom(0, 1, 3, 7, 8, 17, 33, 64, 100), fc.nat(130));
const big = { rows: 333, columns: 257 };

/** Rows of x [rows, columns], in float64. */
const rowsOf = (x: Float32Array, rows: number, columns: number): number[][] =>
  Array.from({ length: rows }, (_, i) => [...x.subarray(i * columns, (i + 1) * columns)]);

const norm = (row: readonly number[]): number => Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));

const halfToEven = (x: number): number => {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (Math.abs(below) % 2) : Math.round(x);
};

/** `(code, level)` of one number, rounded to float32 where the kernel says that it rounds. */
function quantized(x: number, scale: number, { min, max, offset }: { min: number; max: number; offset: number }) {
  const rounded = halfToEven(Math.fround(Math.fround(x / scale) - offset));
  const code = rounded < min ? min : rounded > max ? max : rounded;
  return { code, level: Math.fround(Math.fround(code + offset) * scale) };
}

const positiveScales = (count: number, seed: number): Float32Array =>
  gaussian(count, seed).map((value) => 0.05 + Math.abs(value));

function normalize(engine: Engine, x: Float32Array, rows: number, columns: number, minNorm?: number): Float32Array {
  const block = place(engine);
  const [from, out] = [block.floats(x), block.empty(rows * columns + 1)];
  normalizeRows(engine, { x: from.at, out: out.at, rows, columns, ...(minNorm === undefined ? {} : { minNorm }) });
  const result = out.read();
  expect(result[rows * columns]).toBeNaN();
  normalizeRows(engine, { x: from.at, out: from.at, rows, columns, ...(minNorm === undefined ? {} : { minNorm }) });
  expect(sameBits(from.read(), result.subarray(0, rows * columns))).toBe(true);
  block.free();
  return result.subarray(0, rows * columns);
}

describe.each(engines.all)("rows of norm 1, $name", ({ engine }) => {
  it("normalizeRows divides by the norm, in place too", () => {
    fc.assert(
      fc.property(size, size, fc.nat(1000), (rows, columns, seed) => {
        const x = gaussian(rows * columns, seed);
        const expected = rowsOf(x, rows, columns).flatMap((row) => row.map((value) => value / norm(row)));
        expect(relativeError(normalize(engine, x, rows, columns), expected)).toBeLessThan(1e-7);
      }),
    );
    const x = gaussian(big.rows * big.columns, 1);
    const expected = rowsOf(x, big.rows, big.columns).flatMap((row) => row.map((value) => value / norm(row)));
    expect(relativeError(normalize(engine, x, big.rows, big.columns), expected)).toBeLessThan(1e-7);
  });

  it("normalizeRows keeps to minNorm, and rows of zeros as they are", () => {
    expect([...normalize(engine, Float32Array.of(0, 0, 0), 1, 3)]).toEqual([0, 0, 0]);
    expect([...normalize(engine, Float32Array.of(0, 0.25, 0, 3, 0, 4), 2, 3, 0.5)]).toEqual(
      [0, 0.5, 0, 0.6, 0, 0.8].map(Math.fround),
    );
    expect([...normalize(engine, Float32Array.of(0, 0), 1, 2, 0)]).toEqual([NaN, NaN]);
  });

  it("normalizeRows neither overflows nor underflows", () => {
    for (const scale of [1e-44, 1e-30, 1e30, 3e38]) {
      const x = Float32Array.from({ length: 9 }, (_, i) => (i % 2 ? scale : -scale));
      const actual = normalize(engine, x, 1, 9, 1e-45);
      expect(
        relativeError(
          actual,
          [...x].map((value) => Math.sign(value) / 3),
        ),
      ).toBeLessThan(1e-6);
    }
  });

  it("normalizeRows leaves NaN in its row", () => {
    const x = gaussian(30, 2);
    x[14] = NaN;
    const actual = rowsOf(normalize(engine, x, 3, 10), 3, 10);
    expect(actual.map((row) => row.every(Number.isNaN))).toEqual([false, true, false]);
    x[14] = Infinity;
    const [, row] = rowsOf(normalize(engine, x, 3, 10), 3, 10);
    expect(row!.map((value) => (Number.isNaN(value) ? NaN : Math.abs(value)))).toEqual(
      row!.map((_, j) => (j === 4 ? NaN : 0)),
    );
  });

  it("removeParallel leaves what is orthogonal to the atom, in place too", () => {
    fc.assert(
      fc.property(size, size, fc.nat(1000), (rows, columns, seed) => {
        const block = place(engine);
        const [gradient, out] = [block.random(rows * columns, seed), block.empty(rows * columns + 1)];
        const atoms = block.floats(normalize(engine, gaussian(rows * columns, seed + 1), rows, columns));
        const [g, a] = [rowsOf(gradient.data, rows, columns), rowsOf(atoms.data, rows, columns)];
        const expected = g.flatMap((row, i) => {
          const along = row.reduce((sum, value, j) => sum + value * a[i]![j]!, 0);
          return row.map((value, j) => value - along * a[i]![j]!);
        });
        removeParallel(engine, { gradient: gradient.at, atoms: atoms.at, out: out.at, rows, columns });
        const result = out.read();
        expect(result[rows * columns]).toBeNaN();
        // Relative to the gradient: one that is parallel to its atom leaves nothing but rounding.
        const scale = relativeError(gradient.data, new Float32Array(rows * columns));
        const error = relativeError(
          result.subarray(0, rows * columns).map((value, i) => value - expected[i]!),
          new Float32Array(rows * columns),
        );
        expect(error).toBeLessThanOrEqual(1e-6 * scale);
        removeParallel(engine, { gradient: gradient.at, atoms: atoms.at, out: gradient.at, rows, columns });
        expect(sameBits(gradient.read(), result.subarray(0, rows * columns))).toBe(true);
        block.free();
      }),
    );
  });
});

const grids = fc.constantFrom(
  { min: -128, max: 127, offset: 0 },
  { min: -2, max: 1, offset: 0.5 },
  { min: -1, max: 1, offset: 0 },
  { min: 0, max: 15, offset: -8 },
);

describe.each(engines.all)("fake quantization, $name", ({ engine }) => {
  it("fakeQuantize moves every number to its level, exactly, and tells the codes", () => {
    fc.assert(
      fc.property(size, size, grids, fc.nat(1000), fc.boolean(), (rows, columns, grid, seed, wantCodes) => {
        const block = place(engine);
        // Multiples of a quarter, for ties, among others.
        const x = block.floats(
          gaussian(rows * columns, seed).map((value, i) => (i % 2 ? value : Math.round(value * 8) / 4)),
        );
        const scale = block.floats(positiveScales(rows, seed).map((value, i) => (i % 2 ? value : 0.5)));
        const [out, codes] = [block.empty(rows * columns + 1), block.empty(rows * columns + 1)];
        const options = { x: x.at, scale: scale.at, out: out.at, rows, columns, ...grid };
        fakeQuantize(engine, wantCodes ? { ...options, codes: codes.at } : options);
        const expected = [...x.data].map((value, i) => quantized(value, scale.data[Math.floor(i / columns)]!, grid));
        // + 0: the sign of a zero code is that of what was rounded.
        expect([...out.read()].map((value) => value + 0)).toEqual([...expected.map(({ level }) => level + 0), NaN]);
        expect([...codes.read()].map((value) => value + 0)).toEqual([
          ...expected.map(({ code }) => (wantCodes ? code + 0 : NaN)),
          NaN,
        ]);
        const result = out.read();
        fakeQuantize(engine, { ...options, out: x.at });
        expect(sameBits(x.read(), result.subarray(0, rows * columns))).toBe(true);
        block.free();
      }),
    );
  });

  it("fakeQuantize clips infinities and lets NaN through", () => {
    const block = place(engine);
    const [x, scale] = [block.floats([Infinity, -Infinity, NaN, 1e38, 5]), block.floats([0.5])];
    const grid = { rows: 1, columns: 5, min: -2, max: 1, offset: 0.5 };
    fakeQuantize(engine, { x: x.at, scale: scale.at, out: x.at, ...grid });
    expect([...x.read()]).toEqual([0.75, -0.75, NaN, 0.75, 0.75]);
    block.free();
  });

  it("fakeQuantizeScaleGradient is the sum over a row of dOut times the level over the scale", () => {
    fc.assert(
      fc.property(size, size, grids, fc.nat(1000), (rows, columns, grid, seed) => {
        const block = place(engine);
        const [x, dOut] = [block.random(rows * columns, seed), block.random(rows * columns, seed + 1)];
        const [scale, out] = [block.floats(positiveScales(rows, seed)), block.empty(rows + 1)];
        fakeQuantizeScaleGradient(engine, {
          ...{ dOut: dOut.at, x: x.at, scale: scale.at, out: out.at },
          ...{ rows, columns, ...grid },
        });
        const result = out.read();
        expect(result[rows]).toBeNaN();
        rowsOf(x.data, rows, columns).forEach((row, i) => {
          const terms = row.map((value, j) => {
            const { code } = quantized(value, scale.data[i]!, grid);
            return dOut.data[i * columns + j]! * (code + grid.offset);
          });
          const [exact, magnitude] = [terms, terms.map(Math.abs)].map((values) => values.reduce((a, b) => a + b, 0));
          expect(Math.abs(result[i]! - exact!)).toBeLessThanOrEqual(1e-6 * magnitude!);
        });
        block.free();
      }),
    );
  });

  it("the scale gradient is that of finite differences while no code changes", () => {
    const { rows, columns } = big;
    const grid = { rows, columns, min: -8, max: 7, offset: 0.5 };
    const block = place(engine);
    const [x, dOut] = [block.random(rows * columns, 1), block.random(rows * columns, 2)];
    const scale = block.floats(positiveScales(rows, 3));
    const [gradient, out, codes] = [block.empty(rows), block.empty(rows * columns), block.empty(rows * columns)];
    const at = { x: x.at, scale: scale.at };
    fakeQuantizeScaleGradient(engine, { ...at, ...grid, dOut: dOut.at, out: gradient.at });
    fakeQuantize(engine, { ...at, ...grid, out: out.at, codes: codes.at });
    // out is linear in the scale with codes fixed: the difference quotient over the scale itself is exact.
    const expected = rowsOf(out.read(), rows, columns).map((row, i) =>
      row.reduce((sum, level, j) => sum + (dOut.data[i * columns + j]! * level) / scale.data[i]!, 0),
    );
    expect(relativeError(gradient.read(), expected)).toBeLessThan(1e-5);
    block.free();
  });
});

describe.each(engines.all)("scatterAddRows, $name", ({ engine }) => {
  const picks = (count: number, rows: number, seed: number): number[] =>
    [...gaussian(count, seed)].map((value) => Math.min(rows - 1, Math.floor(Math.abs(value) * rows)));

  it("adds in ascending order of the entries", () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 50 }), fc.nat(1000), (count, columns, rows, seed) => {
        const block = place(engine);
        const [x, indices] = [block.random(count * columns, seed), block.ints(picks(count, rows, seed))];
        const out = block.random(rows * columns + 1, seed + 1);
        scatterAddRows(engine, { x: x.at, indices: indices.at, out: out.at, count, columns, rows });
        const expected = out.data;
        indices.data.forEach((row, i) => {
          for (let j = 0; j < columns; j++) expected[row * columns + j]! += x.data[i * columns + j]!;
        });
        expect(sameBits(out.read(), expected)).toBe(true);
        block.free();
      }),
    );
  });

  it("is the transpose of gatherRows: <gather(a), b> = <a, scatter(b)>", () => {
    const [count, columns, rows] = [500, 129, 70];
    const block = place(engine);
    const [a, b, indices] = [
      block.random(rows * columns, 1),
      block.random(count * columns, 2),
      block.ints(picks(count, rows, 3)),
    ];
    const [gathered, scattered] = [block.empty(count * columns), block.floats(new Float32Array(rows * columns))];
    const sizes = { indices: indices.at, count, columns, rows };
    gatherRows(engine, { ...sizes, x: a.at, out: gathered.at });
    scatterAddRows(engine, { ...sizes, x: b.at, out: scattered.at });
    const inner = (p: Float32Array, q: Float32Array): number => p.reduce((sum, value, i) => sum + value * q[i]!, 0);
    const left = inner(gathered.read(), b.data);
    expect(Math.abs(left - inner(a.data, scattered.read()))).toBeLessThan(1e-5 * Math.sqrt(count * columns));
    block.free();
  });

  it("names the first index out of range, and adds nothing", () => {
    const block = place(engine);
    const [x, indices, out] = [block.random(6, 1), block.ints([0, 3, -1]), block.random(6, 2)];
    const at = { x: x.at, indices: indices.at, out: out.at, count: 3, columns: 2, rows: 3 };
    expect(() => scatterAddRows(engine, at)).toThrow("scatterAddRows: indices[1]=3 is out of range; allowed: 0 .. 2");
    expect(sameBits(out.read(), out.data)).toBe(true);
    block.free();
  });
});

describe("constraints, quantization and scatter", () => {
  it.each(engines.all)("$name: say what they cannot do", ({ engine }) => {
    const one = { rows: 1, columns: 1 };
    const grid = { x: 0, scale: 0, out: 0, ...one };
    expect(() => normalizeRows(engine, { x: 0, out: 0, rows: -1, columns: 1 })).toThrow(UsageError);
    expect(() => normalizeRows(engine, { x: 0, out: 0, ...one, minNorm: -1 })).toThrow("minNorm=-1");
    expect(() => normalizeRows(engine, { x: 0, out: 0, ...one, minNorm: NaN })).toThrow(UsageError);
    expect(() => removeParallel(engine, { gradient: 0, atoms: 0, out: 0, rows: 1, columns: 0.5 })).toThrow(
      "columns=0.5",
    );
    expect(() => fakeQuantize(engine, { ...grid, min: 1, max: -1 })).toThrow("min=1 .. max=-1");
    expect(() => fakeQuantizeScaleGradient(engine, { ...grid, dOut: 0, min: NaN, max: 1 })).toThrow(UsageError);
    expect(() => fakeQuantizeScaleGradient(engine, { ...grid, dOut: 0, min: 0, max: 1, rows: -2 })).toThrow("rows=-2");
  });

  it("give the same bits on one thread, two threads and memory that is not shared, and leave no block behind", () => {
    const { rows, columns } = big;
    const length = rows * columns;
    const results = engines.sameBuild.map(({ engine }) => {
      const before = [engine.liveBytes, engine.liveBlocks];
      const block = place(engine);
      const [x, y, scale] = [block.random(length, 1), block.random(length, 2), block.floats(positiveScales(rows, 3))];
      const indices = block.ints(Int32Array.from({ length: rows }, (_, i) => (i * 7) % 100));
      const outs = [0, 1, 2].map(() => block.empty(length));
      const [sums, scattered] = [block.empty(rows), block.floats(new Float32Array(100 * columns))];
      const [normalized, removed, moved] = outs.map(({ at }) => at) as [number, number, number];
      const grid = { x: x.at, scale: scale.at, rows, columns, min: -2, max: 1, offset: 0.5 };
      normalizeRows(engine, { x: x.at, out: normalized, rows, columns });
      removeParallel(engine, { gradient: y.at, atoms: normalized, out: removed, rows, columns });
      fakeQuantize(engine, { ...grid, out: moved });
      fakeQuantizeScaleGradient(engine, { ...grid, dOut: y.at, out: sums.at });
      scatterAddRows(engine, {
        ...{ x: y.at, indices: indices.at, out: scattered.at },
        ...{ count: rows, columns, rows: 100 },
      });
      const result = [...outs, sums, scattered].map((placed) => placed.read());
      block.free();
      expect([engine.liveBytes, engine.liveBlocks]).toEqual(before);
      return result;
    });
    for (const result of results) {
      result.forEach((values, i) => expect(sameBits(values, results[0]![i]!)).toBe(true));
    }
  });
});
