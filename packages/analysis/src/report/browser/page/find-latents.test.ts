import { describe, expect, it } from "vitest";
import { countShown, findLatents, type Findable, type LatentQuery } from "./find-latents.ts";
import { NOT_FOUND } from "./text-search.ts";

const findable: Findable = {
  firing: { tokens: 100, counts: Int32Array.of(5, 0, 90, 5, 1), largest: Float32Array.of(1, 0, 2, 8, 4) },
  changed: Int32Array.of(0, 0, 3, 1, 0),
};

/** "dog" is in contexts of 0, 2 and 4; "3" in one of 2. */
const scores: Readonly<Record<string, readonly number[]>> = {
  dog: [20, NOT_FOUND, 0, NOT_FOUND, 300],
  "3": [-1, -1, 9, -1, -1],
};

const find = (query: Partial<LatentQuery>): number[] => {
  const matches = { scores: Float64Array.from(scores[query.typed ?? ""] ?? new Array<number>(5).fill(NOT_FOUND)) };
  return [...findLatents(findable, { typed: "", shown: "firing", order: "match", matches, ...query })];
};

describe("findLatents", () => {
  it("shows what fires, by number, where nothing is asked", () => {
    expect(find({})).toEqual([0, 2, 3, 4]);
    expect(find({ typed: "   " })).toEqual([0, 2, 3, 4]);
  });

  it("orders, equal ones by number", () => {
    expect(find({ order: "often" })).toEqual([2, 0, 3, 4]);
    expect(find({ order: "seldom" })).toEqual([4, 0, 3, 2]);
    expect(find({ order: "largest" })).toEqual([3, 4, 2, 0]);
    expect(find({ order: "changed" })).toEqual([2, 3, 0, 4]);
  });

  it("shows dead, dense, changed or all, and counts them", () => {
    expect(find({ shown: "dead" })).toEqual([1]);
    expect(find({ shown: "dense" })).toEqual([2]);
    expect(find({ shown: "changed" })).toEqual([2, 3]);
    expect(find({ shown: "all" })).toEqual([0, 1, 2, 3, 4]);
    expect(
      (["firing", "dead", "dense", "changed", "all"] as const).map((shown) => countShown(shown, findable)),
    ).toEqual([4, 1, 1, 2, 5]);
  });

  it("finds text, the best match first", () => {
    expect(find({ typed: "dog" })).toEqual([4, 0, 2]);
    expect(find({ typed: "dog", order: "number" })).toEqual([0, 2, 4]);
    expect(find({ typed: "dog", shown: "dense" })).toEqual([2]);
    expect(find({ typed: "cow" })).toEqual([]);
  });

  it("puts the latent whose number was typed first, dead or not, before those with the number in their text", () => {
    expect(find({ typed: "3" })).toEqual([3, 2]);
    expect(find({ typed: " #1 " })).toEqual([1]);
    expect(find({ typed: "5" })).toEqual([]);
    expect(find({ typed: "#" })).toEqual([]);
  });

  it("finds numbers alone where there is no text", () => {
    expect(find({ typed: "3", matches: undefined })).toEqual([3]);
    expect(find({ typed: "dog", matches: undefined })).toEqual([]);
    expect(find({ matches: undefined })).toEqual([0, 2, 3, 4]);
  });
});
