import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kthLargest } from "./kth-largest.ts";

describe("kthLargest", () => {
  it("is element k - 1 of the descending order, repeated scores and all", () => {
    const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.float({ noNaN: true }));
    fc.assert(
      fc.property(fc.array(score, { minLength: 1, maxLength: 60 }), fc.nat(), fc.nat(5), (scores, seed, start) => {
        const k = 1 + (seed % scores.length);
        const padded = Float32Array.from([...Array<number>(start).fill(99), ...scores, 99]);
        const sorted = Float32Array.from(scores).sort().reverse();
        const heap = new Float32Array(k);
        expect(kthLargest(padded, start, scores.length, heap) + 0).toBe(sorted[k - 1]! + 0);
        // Zeros of both signs are the same score: either may be kept.
        const unsigned = (values: Float32Array): Float32Array => values.map((value) => value + 0);
        expect(unsigned(heap.sort().reverse())).toEqual(unsigned(sorted.slice(0, k)));
      }),
      { numRuns: 500 },
    );
  });
});
