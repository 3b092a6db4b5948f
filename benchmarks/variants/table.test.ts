import { check as formatted } from "prettier";
import { expect, it } from "vitest";
import type { Cell } from "./cell.ts";
import { storedCell } from "./stored-cell.fixture.ts";
import { variantsPage } from "./table.ts";

const plain: Cell = {
  id: "topk/0",
  trainer: "qsae",
  variant: "baseline",
  config: { activation: "topk", k: 32 },
  training: { steps: 3000, lr: 2e-3 },
  seed: 0,
};
const cells: Cell[] = [
  plain,
  { ...plain, id: "torch-topk/0", trainer: "pytorch" },
  { ...plain, id: "ternary/0", variant: "ternary", config: {}, warmStartFrom: "topk/0" },
  { ...plain, id: "levels-matched/0", config: {}, matchL0: { to: "topk/0", key: "sparsity_lambda", start: 1 } },
  { ...plain, id: "later/0" },
];
const matched = storedCell({
  fvu: 0.25,
  fvu_by_level: [0.5, 0.25],
  bits_per_weight: 1.75,
  code_bits_per_weight: 1.625,
});
const results = new Map([
  ["topk/0", storedCell({ fvu: 0.07764, l0: 31.96, dead_heldout: 2 })],
  ["torch-topk/0", storedCell({ first_losses_difference: 1.2e-7 })],
  ["ternary/0", storedCell({ warm_start_steps: 2000 })],
  ["levels-matched/0", { ...matched, config: { sparsity_lambda: 0.00123456 } }],
]);
const page = await variantsPage({
  cells,
  results,
  checks: [
    { claim: "one is better", figures: "0.1 < 0.2", outcome: "PASS" },
    { claim: "another", figures: "", outcome: "not measured" },
  ],
});
/** Entries of the row that begins with a cell. */
const row = (cell: string, nth = 0): string[] =>
  page
    .split("\n")
    .filter((line) => line.startsWith(`| ${cell} `))
    [nth]!.split("|")
    .slice(1, -1)
    .map((entry) => entry.trim());

it("has a row per cell, measured or not", () => {
  expect(row("topk/0")).toEqual([
    "topk/0",
    "`activation` topk, `k` 32",
    "0.002",
    "0.0776",
    "32.0",
    "0 / 2",
    "32 (32)",
    "3000",
    "60",
  ]);
  expect(row("later/0").slice(3)).toEqual(["-", "-", "-", "-", "-", "-"]);
  expect(page).toContain("4 of 5 cells are measured.");
});

it("says both step counts of a warm start, the matched value, and levels", () => {
  expect(row("ternary/0")[7]).toBe("3000 + 2000");
  expect(row("levels-matched/0")[1]).toBe("`sparsity_lambda` 0.00123");
  expect(row("levels-matched/0")[6]).toBe("1.75 (1.63)");
  expect(row("levels-matched/0", 1)).toEqual(["levels-matched/0", "0.5000", "0.2500"]);
});

it("has the checks and how far both sides' first losses agree", () => {
  expect(page).toContain("agree within 1e-7.");
  expect(row("one is better")).toEqual(["one is better", "0.1 < 0.2", "PASS"]);
  expect(row("another")).toEqual(["another", "-", "not measured"]);
});

it("is formatted", async () => {
  expect(await formatted(page, { parser: "markdown", printWidth: 120 })).toBe(true);
});
