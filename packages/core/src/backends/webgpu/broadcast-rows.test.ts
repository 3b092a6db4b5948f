import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { elementCount } from "@qsae/runtime";
import { broadcastRows } from "./broadcast-rows.ts";

describe("rows of an elementwise kernel", () => {
  it.each([
    [
      [3, 4, 5],
      [
        [3, 4, 5],
        [3, 4, 5],
      ],
      [60],
      [[60], [60]],
    ],
    [[3, 4], [[3, 4], []], [12], [[12], [1]]],
    [
      [3, 4],
      [[4], [3, 4]],
      [3, 4],
      [
        [1, 4],
        [3, 4],
      ],
    ],
    [
      [3, 4],
      [
        [3, 1],
        [1, 4],
      ],
      [3, 4],
      [
        [3, 1],
        [1, 4],
      ],
    ],
    [
      [3, 4, 5],
      [
        [3, 4, 5],
        [3, 4, 1],
      ],
      [12, 5],
      [
        [12, 5],
        [12, 1],
      ],
    ],
    [
      [1, 6, 1],
      [
        [6, 1],
        [1, 6, 1],
      ],
      [6],
      [[6], [6]],
    ],
    [[1, 1], [[1, 1], []], [], [[], []]],
  ])("%j of %j: %j of %j", (out, shapes, shape, operands) => {
    expect(broadcastRows(out, shapes)).toEqual({ shape, operands });
  });

  it("have the entries of what they are made of", () => {
    const shapes = fc
      .array(fc.integer({ min: 1, max: 4 }), { maxLength: 5 })
      .chain((out) =>
        fc.tuple(fc.constant(out), fc.array(fc.array(fc.boolean(), { minLength: out.length, maxLength: out.length }))),
      )
      .map(([out, lacks]) => ({ out, shapes: [out, ...lacks.map((one) => out.map((n, d) => (one[d] ? 1 : n)))] }));
    fc.assert(
      fc.property(shapes, ({ out, shapes: given }) => {
        const { shape, operands } = broadcastRows(out, given);
        expect(elementCount(shape)).toBe(elementCount(out));
        expect(operands.map(elementCount)).toEqual(given.map(elementCount));
        for (const operand of operands) {
          expect(operand).toHaveLength(shape.length);
          operand.forEach((size, d) => expect([1, shape[d]]).toContain(size));
        }
      }),
    );
  });
});
