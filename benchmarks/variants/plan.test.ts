/** What is measured again, and in which order. */
import { describe, expect, it } from "vitest";
import type { Cell } from "./cell.ts";
import { cellKeys, hashOf } from "./cell-key.ts";
import { cells as shippedCells } from "./cells.ts";
import { currentResults, namedCells, stateOf, withPrerequisites } from "./plan.ts";
import { storedCell } from "./stored-cell.fixture.ts";

const plain: Cell = {
  id: "topk/0",
  trainer: "qsae",
  variant: "baseline",
  config: { k: 32 },
  training: { steps: 3000, lr: 1e-3 },
  seed: 0,
};
const warm: Cell = { ...plain, id: "ternary/0", variant: "ternary", warmStartFrom: "topk/0" };
const matched: Cell = { ...plain, id: "matched/0", config: {}, matchL0: { to: "ternary/0", key: "k" } };
const other: Cell = { ...plain, id: "topk/1", seed: 1 };
const cells = [matched, plain, warm, other];

const keyOf = (id: string, of: readonly Cell[] = cells): string => cellKeys(of).get(id)!;
const withPlain = (change: Partial<Cell>): Cell[] =>
  cells.map((cell) => (cell === plain ? { ...plain, ...change } : cell));

describe("the key of a cell", () => {
  it("changes with its variant, configuration, training, seed and trainer", () => {
    const changes: Partial<Cell>[] = [
      { variant: "ternary" },
      { config: { k: 31 } },
      { training: { steps: 3000, lr: 2e-3 } },
      { training: { steps: 30, lr: 1e-3 } },
      { seed: 7 },
      { trainer: "pytorch" },
      { matchL0: { to: "topk/1", key: "k" } },
      { warmStartFrom: "topk/1" },
    ];
    const keys = [keyOf("topk/0"), ...changes.map((change) => keyOf("topk/0", withPlain(change)))];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("is the same where a default is spelled out or keys come in another order", () => {
    expect(keyOf("topk/0", withPlain({ config: { activation: "topk", k: 32 } }))).toBe(keyOf("topk/0"));
    expect(keyOf("topk/0", withPlain({ training: { lr: 1e-3, batch_size: 1024, steps: 3000 } }))).toBe(keyOf("topk/0"));
    expect(hashOf({ a: 1, b: { c: 2, d: [3, 4] } })).toBe(hashOf({ b: { d: [3, 4], c: 2 }, a: 1 }));
    expect(hashOf([3, 4])).not.toBe(hashOf([4, 3]));
  });

  it("changes with the cells it starts from or is matched to, however far, and no others", () => {
    const changed = withPlain({ config: { k: 31 } });
    expect(keyOf("ternary/0", changed)).not.toBe(keyOf("ternary/0"));
    expect(keyOf("matched/0", changed)).not.toBe(keyOf("matched/0"));
    expect(keyOf("topk/1", changed)).toBe(keyOf("topk/1"));
  });

  it("is refused where a needed cell is missing or cells need each other", () => {
    expect(() => cellKeys([warm])).toThrow("cell ternary/0: there is no cell topk/0");
    expect(() => cellKeys([{ ...plain, warmStartFrom: "ternary/0" }, warm])).toThrow(
      "topk/0 -> ternary/0 -> topk/0: each needs the next one",
    );
  });

  it("exists for every cell of the table, which all have their own id", () => {
    expect(cellKeys(shippedCells).size).toBe(shippedCells.length);
  });
});

describe("the plan", () => {
  it("finds cells by id and by group", () => {
    expect(namedCells(cells, ["topk", "matched/0"]).map(({ id }) => id)).toEqual(["matched/0", "topk/0", "topk/1"]);
    expect(() => namedCells(cells, ["topl"])).toThrow('unknown cell "topl"; allowed: matched, matched/0, topk');
  });

  it("puts what a cell needs before it", () => {
    expect(withPrerequisites(cells, [matched]).map(({ id }) => id)).toEqual(["topk/0", "ternary/0", "matched/0"]);
    expect(withPrerequisites(cells, cells).map(({ id }) => id)).toEqual(["topk/0", "ternary/0", "matched/0", "topk/1"]);
  });

  it("goes on at the next missing or changed cell", () => {
    const keys = cellKeys(cells);
    const results = new Map([
      ["topk/0", storedCell({}, keys.get("topk/0"))],
      ["ternary/0", storedCell({}, "of an earlier configuration")],
    ]);
    expect(cells.map(({ id }) => stateOf(id, keys, results))).toEqual(["missing", "measured", "changed", "missing"]);
    expect([...currentResults(keys, results).keys()]).toEqual(["topk/0"]);
  });
});
