import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";

import { NonFiniteError, UsageError } from "../../errors.ts";
import { openEngines, place } from "../../../test/engines.ts";
import { largest } from "../../../test/largest.ts";
import type { Engine } from "../engine.ts";
import { topK } from "./top-k.ts";

const engines = await openEngines();
afterAll(() => engines.close());

function run(engine: Engine, x: Float32Array, n: number, width: number, k: number) {
  const block = place(engine);
  const [values, indices] = [block.empty(n * k), block.emptyInts(n * k)];
  try {
    topK(engine, { x: block.floats(x).at, values: values.at, indices: indices.at, n, width, k });
    return { values: values.read(), indices: indices.read() };
  } finally {
    block.free();
  }
}

const anyNumber = fc.oneof(
  fc.float({ noNaN: true }),
  fc.constantFrom(0, -0, Infinity, -Infinity, 1, -1, 1e-45, -1e-45, 3.4e38),
);
const row = fc.oneof(
  fc.array(anyNumber, { minLength: 1, maxLength: 400 }),
  // Few distinct values: ties at the threshold.
  fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 1, maxLength: 400 }),
);

describe.each(engines.all)("topK, $name", ({ engine }) => {
  it("equals a stable sort, for any numbers, ties and k", () => {
    fc.assert(
      fc.property(row, fc.nat(), (numbers, pick) => {
        const x = Float32Array.from(numbers);
        const k = (pick % x.length) + 1;
        const expected = largest(x, 1, x.length, k);
        const { values, indices } = run(engine, x, 1, x.length, k);
        expect([...indices]).toEqual([...expected.indices]);
        expect([...values]).toEqual([...expected.values]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["ascending, so that every score enters", (j: number) => j],
    ["descending, so that none enters late", (j: number) => -j],
    ["all equal", () => 3],
    ["two values in turn", (j: number) => j % 2],
    ["neighbouring floats", (j: number) => 1 + ((j * 7919) % 3000) * 2 ** -23],
  ])("is exact on long rows: %s", (_, score) => {
    const width = 3001;
    const x = Float32Array.from({ length: 3 * width }, (__, i) => score(i % width) * (1 + Math.floor(i / width)));
    for (const k of [1, 32, 1000, width]) {
      const expected = largest(x, 3, width, k);
      const { values, indices } = run(engine, x, 3, width, k);
      expect(indices).toEqual(expected.indices);
      expect(values).toEqual(expected.values);
    }
  });

  it("names the first row with a NaN", () => {
    const x = new Float32Array(40 * 50);
    x[13 * 50 + 49] = NaN;
    x[31 * 50] = -NaN;
    expect(() => run(engine, x, 40, 50, 3)).toThrow(NonFiniteError);
    expect(() => run(engine, x, 40, 50, 3)).toThrow("row 13");
    expect(run(engine, x.fill(1), 40, 50, 3).values[0]).toBe(1);
  });

  it("checks k and takes no rows", () => {
    expect(run(engine, new Float32Array(0), 0, 5, 5).values).toHaveLength(0);
    expect(() => run(engine, new Float32Array(5), 1, 5, 6)).toThrow(UsageError);
  });
});
