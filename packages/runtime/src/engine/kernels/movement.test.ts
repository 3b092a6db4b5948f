import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { gaussian, openEngines, place, sameBits } from "../../../test/engines.ts";
import { copyStrided } from "./copy-strided.ts";
import { fill } from "./fill.ts";
import { gatherRows } from "./gather-rows.ts";
import { select } from "./select.ts";
import { transpose } from "./transpose.ts";

const engines = await openEngines();
afterAll(() => engines.close());

const size = fc.oneof(fc.constantFrom(0, 1, 3, 4, 7, 16, 17, 33, 65, 130), fc.nat(200));
const lengths = [0, 1, 3, 7, 17, 33, 1000, 50_001];

describe.each(engines.all)("movement, $name", ({ engine }) => {
  it("transpose puts every number where it belongs", () => {
    fc.assert(
      fc.property(size, size, (rows, columns) => {
        const block = place(engine);
        const [x, out] = [block.random(rows * columns, 1), block.empty(rows * columns + 1)];
        transpose(engine, { x: x.at, out: out.at, rows, columns });
        const expected = new Float32Array(rows * columns + 1).fill(NaN);
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) expected[j * rows + i] = x.data[i * columns + j]!;
        }
        expect(sameBits(out.read(), expected)).toBe(true);
        block.free();
      }),
    );
  });

  it("transpose of long and thin matrices, and twice", () => {
    for (const [rows, columns] of [
      [1, 40_001],
      [40_001, 1],
      [3, 20_001],
      [257, 513],
    ] as const) {
      const block = place(engine);
      const [x, once, twice] = [
        block.random(rows * columns, 2),
        block.empty(rows * columns),
        block.empty(rows * columns),
      ];
      transpose(engine, { x: x.at, out: once.at, rows, columns });
      expect(once.read()[rows * columns - 2]).toBe(
        x.data[rows === 1 ? columns - 2 : (rows - 2) * columns + columns - 1],
      );
      transpose(engine, { x: once.at, out: twice.at, rows: columns, columns: rows });
      expect(sameBits(twice.read(), x.data)).toBe(true);
      block.free();
    }
  });

  it("fill writes every number and no more", () => {
    for (const length of lengths) {
      for (const value of [0, -0, 1.1, NaN, -Infinity]) {
        const block = place(engine);
        const out = block.floats(new Float32Array(length + 1).fill(7));
        fill(engine, { out: out.at, length, value });
        const expected = new Float32Array(length + 1).fill(value);
        expected[length] = 7;
        expect(sameBits(out.read(), expected)).toBe(true);
        block.free();
      }
    }
  });

  it("copyStrided copies its rectangle and leaves the rest", () => {
    fc.assert(
      fc.property(size, size, fc.nat(5), fc.nat(5), (rows, columns, xGap, outGap) => {
        const block = place(engine);
        const [xStride, outStride] = [columns + xGap, columns + outGap];
        const [x, out] = [block.random(rows * xStride + 1, 3), block.random(rows * outStride + 1, 4)];
        copyStrided(engine, { x: x.at + 4, out: out.at, rows, columns, xStride, outStride });
        const expected = out.data;
        for (let i = 0; i < rows; i++) {
          for (let j = 0; j < columns; j++) expected[i * outStride + j] = x.data[1 + i * xStride + j]!;
        }
        expect(sameBits(out.read(), expected)).toBe(true);
        block.free();
      }),
    );
  });

  it("copyStrided repeats a row with a stride of 0, and cuts long rows", () => {
    const block = place(engine);
    const columns = 40_001;
    const [x, out] = [block.random(columns, 5), block.empty(3 * columns)];
    copyStrided(engine, { x: x.at, out: out.at, rows: 3, columns, xStride: 0, outStride: columns });
    for (const i of [0, 1, 2]) expect(sameBits(out.read().subarray(i * columns, (i + 1) * columns), x.data)).toBe(true);
    block.free();
  });

  it("gatherRows picks rows, any of them any number of times", () => {
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 50 }), fc.nat(1000), (count, columns, rows, seed) => {
        const block = place(engine);
        const picked = [...gaussian(count, seed)].map((value) =>
          Math.min(rows - 1, Math.floor(Math.abs(value) * rows)),
        );
        const [x, indices] = [block.random(rows * columns, 6), block.ints(picked)];
        const out = block.empty(count * columns + 1);
        gatherRows(engine, { x: x.at, indices: indices.at, out: out.at, count, columns, rows });
        const expected = new Float32Array(count * columns + 1).fill(NaN);
        picked.forEach((row, i) => expected.set(x.data.subarray(row * columns, (row + 1) * columns), i * columns));
        expect(sameBits(out.read(), expected)).toBe(true);
        block.free();
      }),
    );
  });

  it("gatherRows names the first index out of range, and writes nothing", () => {
    const block = place(engine);
    const count = 40_000;
    const [x, out] = [block.random(10, 7), block.empty(count)];
    const indices = block.ints(new Int32Array(count));
    const gather = (): void =>
      gatherRows(engine, { x: x.at, indices: indices.at, out: out.at, count, columns: 1, rows: 10 });
    engine.i32(indices.at, count)[39_000] = -1;
    expect(gather).toThrow("gatherRows: indices[39000]=-1 is out of range; allowed: 0 .. 9");
    engine.i32(indices.at, count)[5] = 10;
    expect(gather).toThrow("indices[5]=10");
    expect(out.read().every(Number.isNaN)).toBe(true);
    expect(() =>
      gatherRows(engine, { x: x.at, indices: indices.at, out: out.at, count: 1, columns: 1, rows: 0 }),
    ).toThrow(UsageError);
    block.free();
  });

  it("select takes `a` where the condition is not zero", () => {
    for (const length of lengths) {
      const block = place(engine);
      const [a, b] = [block.random(length, 8), block.random(length, 9)];
      const values = [0, 1, -0, NaN, -2, 1e-45, Infinity];
      const condition = block.floats(Float32Array.from({ length }, (_, i) => values[i % 7]!));
      const out = block.empty(length + 1);
      select(engine, { condition: condition.at, a: a.at, b: b.at, out: out.at, length });
      const expected = Float32Array.from({ length: length + 1 }, (_, i) =>
        i === length ? NaN : condition.data[i] !== 0 ? a.data[i]! : b.data[i]!,
      );
      expect(sameBits(out.read(), expected)).toBe(true);
      select(engine, { condition: condition.at, a: a.at, b: b.at, out: condition.at, length });
      expect(sameBits(condition.read(), expected.subarray(0, length))).toBe(true);
      block.free();
    }
  });

  it("says what it cannot do", () => {
    const size = { rows: 1, columns: 1 };
    expect(() => transpose(engine, { x: 0, out: 0, rows: -1, columns: 1 })).toThrow(UsageError);
    expect(() => fill(engine, { out: 0, length: 0.5, value: 0 })).toThrow("fill: length=0.5");
    expect(() => select(engine, { condition: 0, a: 0, b: 0, out: 0, length: -1 })).toThrow(UsageError);
    expect(() => copyStrided(engine, { x: 0, out: 0, ...size, xStride: -1, outStride: 1 })).toThrow("xStride=-1");
    expect(() => copyStrided(engine, { x: 0, out: 0, rows: 2, columns: 3, xStride: 3, outStride: 2 })).toThrow(
      "outStride=2 is less than columns=3",
    );
  });

  it("leaves memory as it found it", () => {
    const before = [engine.liveBytes, engine.liveBlocks];
    const block = place(engine);
    const [x, out, indices] = [block.random(90_000, 1), block.empty(90_000), block.ints(new Int32Array(300))];
    transpose(engine, { x: x.at, out: out.at, rows: 300, columns: 300 });
    fill(engine, { out: out.at, length: 90_000, value: 1 });
    select(engine, { condition: x.at, a: x.at, b: x.at, out: out.at, length: 90_000 });
    copyStrided(engine, { x: x.at, out: out.at, rows: 300, columns: 300, xStride: 300, outStride: 300 });
    gatherRows(engine, { x: x.at, indices: indices.at, out: out.at, count: 300, columns: 300, rows: 300 });
    block.free();
    expect([engine.liveBytes, engine.liveBlocks]).toEqual(before);
  });
});
