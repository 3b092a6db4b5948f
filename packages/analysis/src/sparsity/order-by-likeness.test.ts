import fc from "fast-check";
import { expect, it } from "vitest";
import { orderByLikeness } from "./order-by-likeness.ts";

it("puts groups together, whatever the numbers of their members", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3), { minLength: 1, maxLength: 16 }), (groups) => {
      const order = orderByLikeness(groups.length, (i, j) => (groups[i] === groups[j] ? 1 : 0));
      const shown = order.map((i) => groups[i]!);
      const stretches = shown.filter((group, at) => group !== shown[at - 1]).length;
      expect(stretches).toBe(new Set(groups).size);
    }),
  );
});

it("lays a chain out from end to end", () => {
  const places = [3, 0, 4, 1, 2]; // of 0 .. 4 along the chain
  const order = orderByLikeness(5, (i, j) => -Math.abs(places[i]! - places[j]!));
  expect([1, 2]).toContain(order[0]); // an end of the chain: places 0 and 4
  expect(order.map((i) => places[i]!)).toEqual(order[0] === 1 ? [0, 1, 2, 3, 4] : [4, 3, 2, 1, 0]);
});

it("names every number once", () => {
  fc.assert(
    fc.property(
      fc.nat(12),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 144 }),
      (count, table) => {
        const order = orderByLikeness(count, (i, j) => table[12 * Math.min(i, j) + Math.max(i, j)]!);
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
      },
    ),
  );
  expect(orderByLikeness(0, () => 0)).toEqual([]);
});
