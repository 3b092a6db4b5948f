import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsageError } from "@qsae/runtime";
import { allocateBits } from "./allocate-bits.ts";
import { gaussianWidths, rowBytes, widthBits, type Width } from "./widths.ts";

const bytesOf = (bits: ArrayLike<number>, dIn: number) =>
  Array.from(bits).reduce((sum, b) => sum + rowBytes(b, dIn), 0);
const tableBytes = (widths: readonly Width[]) => widths.reduce((sum, { tableBytes: bytes = 0 }) => sum + bytes, 0);
/** What is left for rows after the index and tables. */
const bytesForRows = (atoms: number, dIn: number, budget: number, widths: readonly Width[]) =>
  Math.floor((atoms * dIn * budget) / 8) - atoms - tableBytes(widths);
const errorOf = (importance: ArrayLike<number>, bits: ArrayLike<number>, widths: readonly Width[]) =>
  Array.from(importance).reduce(
    (sum, value, j) => sum + value * (bits[j] === 0 ? 1 : widths.find((w) => w.bits === bits[j])!.distortion),
    0,
  );

/** Importance over many orders of magnitude, some 0, some equal. */
const importances = (maxLength: number) =>
  fc
    .array(
      fc.oneof(
        fc.constant(0),
        fc.constant(1),
        fc.integer({ min: -40, max: 40 }).map((e) => 1.7 ** e),
      ),
      {
        minLength: 1,
        maxLength,
      },
    )
    .map((values) => Float64Array.from(values));
const dIns = fc.constantFrom(64, 100, 256);

describe("allocateBits", () => {
  it("keeps the budget, and leaves less than the next step of any atom unless all have the widest", () => {
    fc.assert(
      fc.property(importances(60), dIns, fc.double({ min: 1.2, max: 9, noNaN: true }), (importance, dIn, budget) => {
        const widths = gaussianWidths();
        const bits = allocateBits(importance, { dIn, budget });
        const left = bytesForRows(importance.length, dIn, budget, widths) - bytesOf(bits, dIn);
        expect(left).toBeGreaterThanOrEqual(0);
        const rising = bits.filter((b, j) => importance[j]! > 0 && b < 8);
        const next = Math.min(...Array.from(rising, (b) => rowBytes(nextWidth(b), dIn) - rowBytes(b, dIn)));
        expect(left).toBeLessThan(next);
      }),
    );
  });

  function nextWidth(bits: number): number {
    return widthBits[widthBits.indexOf(bits) + 1]!;
  }

  it("gives more important atoms no fewer bits, dead ones none", () => {
    fc.assert(
      fc.property(importances(60), dIns, fc.double({ min: 1.2, max: 9, noNaN: true }), (importance, dIn, budget) => {
        const bits = allocateBits(importance, { dIn, budget });
        const order = [...importance.keys()].sort((a, b) => importance[a]! - importance[b]!);
        for (const [i, j] of order.entries()) {
          if (importance[j] === 0) expect(bits[j]).toBe(0);
          else if (importance[order[i - 1]!]! < importance[j]!)
            expect(bits[order[i - 1]!]!).toBeLessThanOrEqual(bits[j]!);
        }
      }),
    );
  });

  it("does not depend on the unit of importance, nor on the order of unequal atoms", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 1e6 }), { minLength: 2, maxLength: 30 }),
        dIns,
        (list, dIn) => {
          const importance = Float64Array.from(list);
          const bits = allocateBits(importance, { dIn, budget: 2.5 });
          expect(
            allocateBits(
              importance.map((value) => value * 2 ** -40),
              { dIn, budget: 2.5 },
            ),
          ).toEqual(bits);
          expect(allocateBits(importance.toReversed(), { dIn, budget: 2.5 })).toEqual(bits.toReversed());
        },
      ),
    );
  });

  it("is the optimum of all allocations, up to the one step that the budget does not pay for", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-3, max: 1, noNaN: true }), { minLength: 1, maxLength: 4 }),
        fc.subarray([0, 1, 1.6, 2, 3, 4, 8], { minLength: 2, maxLength: 5 }),
        fc.double({ min: 1, max: 7, noNaN: true }),
        (list, choice, extra) => {
          const [importance, dIn, widths] = [Float64Array.from(list), 64, gaussianWidths(choice)];
          const budget = extra + choice[0]!;
          const pays = bytesForRows(list.length, dIn, budget, widths);
          fc.pre(pays >= list.length * rowBytes(choice[0]!, dIn));
          const bits = allocateBits(importance, { dIn, budget, widths });
          const error = errorOf(importance, bits, widths);
          const best = leastError(importance, pays);
          const refused = Math.max(...list.map((value) => value * largestStep(widths)));
          expect(error).toBeLessThanOrEqual(best + refused);
          expect(error).toBeGreaterThanOrEqual(best - 1e-12);

          function leastError(of: Float64Array, bytes: number): number {
            const search = (j: number, left: number): number => {
              if (left < 0) return Infinity;
              if (j === of.length) return 0;
              return Math.min(
                ...widths.map((w) => of[j]! * w.distortion + search(j + 1, left - rowBytes(w.bits, dIn))),
              );
            };
            return search(0, bytes);
          }
        },
      ),
    );
    function largestStep(widths: readonly Width[]): number {
      return Math.max(...widths.slice(1).map((w, i) => widths[i]!.distortion - w.distortion));
    }
  });

  it("is the exact optimum at every budget that a point of the hull of all atoms costs", () => {
    const [importance, dIn, widths] = [Float64Array.of(9, 1, 0.2, 0.003), 64, gaussianWidths([0, 1, 2, 4])];
    const all = widths.flatMap((a) => widths.flatMap((b) => widths.flatMap((c) => widths.map((d) => [a, b, c, d]))));
    const choices = all.map((choice) => {
      const bits = choice.map((w) => w.bits);
      return { bytes: bytesOf(bits, dIn), error: errorOf(importance, bits, widths) };
    });
    // The steps of all atoms, the best per byte first: each leads to a point of the hull.
    const steps = Array.from(importance).flatMap((value) =>
      widths.slice(1).map((w, i) => {
        const bytes = rowBytes(w.bits, dIn) - rowBytes(widths[i]!.bits, dIn);
        return { bytes, perByte: (value * (widths[i]!.distortion - w.distortion)) / bytes };
      }),
    );
    let spent = 0;
    for (const { bytes } of steps.sort((a, b) => b.perByte - a.perByte)) {
      spent += bytes;
      const overhead = importance.length + tableBytes(widths);
      const bits = allocateBits(importance, { dIn, budget: (8 * (spent + overhead)) / (4 * dIn), widths });
      const affordable = choices.filter((choice) => choice.bytes <= spent).map(({ error }) => error);
      expect(bytesOf(bits, dIn)).toBe(spent);
      expect(errorOf(importance, bits, widths)).toBeCloseTo(Math.min(...affordable), 12);
    }
    expect(spent).toBe(4 * rowBytes(4, dIn));
  });

  it("serves equally important atoms in order", () => {
    const budget = (8 * (rowBytes(1, 64) + 3 + 8)) / (3 * 64);
    expect([...allocateBits(Float64Array.of(1, 1, 1), { dIn: 64, budget })]).toEqual([1, 0, 0]);
  });

  it("passes over widths that measured distortions make useless", () => {
    const widths = [
      { bits: 0, distortion: 1 },
      { bits: 2, distortion: 0.9 },
      { bits: 3, distortion: 0.95 },
      { bits: 4, distortion: 0.01 },
    ];
    for (let budget = 0.2; budget < 5; budget += 0.1) {
      const bits = allocateBits(Float64Array.of(5, 4, 3, 2, 1), { dIn: 64, budget, widths });
      expect([...bits].every((b) => b === 0 || b === 4)).toBe(true);
    }
  });

  it("drops none but the dead where 0 bits are no choice", () => {
    const bits = allocateBits(Float64Array.of(1e9, 0, 1e-9), { dIn: 64, budget: 5, widths: gaussianWidths([1, 8]) });
    expect([...bits]).toEqual([8, 0, 1]);
    expect([...allocateBits(new Float64Array(3), { dIn: 64, budget: 3 })]).toEqual([0, 0, 0]);
  });

  const importance = Float64Array.of(1, 2);
  it.each<[string, Float64Array, Partial<Parameters<typeof allocateBits>[1]>, string]>([
    ["NaN importance", Float64Array.of(1, NaN), {}, "the importance of atom 1 is NaN"],
    ["infinite importance", Float64Array.of(Infinity), {}, "the importance of atom 0 is Infinity"],
    ["negative importance", Float64Array.of(1, 2, -1e-9), {}, "the importance of atom 2 is -1e-9"],
    ["no budget", importance, { budget: 0 }, "budget=0 must be a finite number of bits per weight above 0"],
    ["a negative budget", importance, { budget: -1 }, "budget=-1"],
    ["a budget that is NaN", importance, { budget: NaN }, "budget=NaN"],
    ["a boundless budget", importance, { budget: Infinity }, "budget=Infinity"],
    ["a budget below the row index", importance, { budget: 0.1 }, "a budget of 0.1 bits per weight is too small"],
    [
      "a budget below the narrowest width",
      importance,
      { budget: 2, widths: gaussianWidths([2, 4]) },
      "2 bits for each of 2 live atoms take 2.375",
    ],
    ["no columns", importance, { dIn: 0 }, "dIn=0 must be an integer of at least 1"],
    ["no widths", importance, { widths: [] }, "no widths; choose from 0, 1, 1.6"],
    ["an unknown width", importance, { widths: [{ bits: 1.58, distortion: 0.2 }] }, "width 1.58 is unknown"],
    [
      "a width twice",
      importance,
      { widths: [...gaussianWidths([2]), ...gaussianWidths([2])] },
      "width 2 is given twice",
    ],
    ["a distortion over 1", importance, { widths: [{ bits: 2, distortion: 1.5 }] }, "distortion at 2 bits is 1.5"],
    ["a distortion that is NaN", importance, { widths: [{ bits: 2, distortion: NaN }] }, "distortion at 2 bits is NaN"],
    [
      "half a table",
      importance,
      { widths: [{ bits: 2, distortion: 0.1, tableBytes: 0.5 }] },
      "tableBytes at 2 bits is 0.5",
    ],
  ])("refuses %s", (_, given, options, message) => {
    const allocate = () => allocateBits(given, { dIn: 64, budget: 2, ...options });
    expect(allocate).toThrow(UsageError);
    expect(allocate).toThrow(message);
  });
});
