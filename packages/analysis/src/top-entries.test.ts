import fc from "fast-check";
import { expect, it } from "vitest";
import { topEntries } from "./top-entries.ts";

it("keeps the largest of each row, equal ones by the smaller id", () => {
  const top = topEntries(3, 2);
  for (const [row, value, id] of [
    [0, 1, 5],
    [2, -1, 0],
    [0, 3, 6],
    [0, 1, 4],
    [0, 0.5, 1],
    [0, 1, 7],
  ] as const) {
    top.offer(row, value, id);
  }
  expect(top.sorted()).toEqual({
    offsets: Int32Array.of(0, 2, 2, 3),
    ids: Int32Array.of(6, 4, 0),
    values: Float32Array.of(3, 1, -1),
  });
});

it("agrees with sorting everything, in whatever order entries come", () => {
  const values = fc.array(fc.integer({ min: -3, max: 3 }), { maxLength: 40 });
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: 12 }), fc.infiniteStream(fc.nat()), (given, most, keys) => {
      const entries = given.map((value, id) => ({ value, id, key: keys.next().value as number }));
      const top = topEntries(1, most);
      for (const { value, id } of entries.toSorted((p, q) => p.key - q.key)) top.offer(0, value, id);
      const expected = entries.sort((p, q) => q.value - p.value || p.id - q.id).slice(0, most);
      const { ids, values: kept } = top.sorted();
      expect([...ids]).toEqual(expected.map(({ id }) => id));
      expect([...kept]).toEqual(expected.map(({ value }) => value));
    }),
  );
});
