import { describe, expect, it } from "vitest";
import { latentRecords, latentTable, smallText } from "../latents.fixture.ts";
import { dataOf } from "../page-data.fixture.ts";
import { changedContexts } from "./changed-contexts.ts";
import { contextsOf } from "./context-view.ts";

describe("contextsOf", () => {
  it("gives the tokens of each context with their strengths, and says where its text goes on", () => {
    const { own, text } = dataOf(latentTable(smallText));
    expect(contextsOf(1, own.contexts!, text!)).toEqual([
      {
        row: 5,
        value: 4,
        isStart: true,
        isEnd: false,
        tokens: [
          { piece: " the", strength: 64, isPeak: false },
          { piece: " Cat", strength: 255, isPeak: true },
          { piece: " sat", strength: 0, isPeak: false },
        ],
      },
    ]);
    expect(contextsOf(2, own.contexts!, text!)).toEqual([]);
    const [strongest] = contextsOf(3, own.contexts!, text!);
    expect(strongest!.tokens.map(({ piece }) => piece)).toEqual([" sat", " by"]);
    expect([strongest!.isStart, strongest!.isEnd]).toEqual([false, true]);
  });
});

describe("changedContexts", () => {
  it("counts contexts of either side that share no token with one of the other", () => {
    const firings = [{ 0: 1, 1: 1 }, {}, {}, { 1: 2 }, { 2: 1 }, {}, {}, {}];
    const moved = [{}, { 0: 1 }, {}, {}, {}, {}, {}, { 1: 1, 3: 1 }];
    const own = latentTable({ ...smallText, firings });
    const data = dataOf({ ...own, reference: { name: "float", ...latentRecords({ ...smallText, firings: moved }) } });
    // 0: rows 0 and 1 are neighbours. 1: two are gone, one is new. 2: one is gone. 3: one is new.
    expect([...changedContexts(data.own.contexts!, data.reference!.contexts!, data.text!)]).toEqual([0, 3, 1, 1]);
  });
});
