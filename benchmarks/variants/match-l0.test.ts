import { expect, it } from "vitest";
import type { MatchL0 } from "./cell.ts";
import { l0Matches } from "./claims.ts";
import { nearestTry, nextValue, type Try } from "./match-l0.ts";

/** Tries values until there is no next one. */
function search(match: MatchL0, target: number, l0Of: (value: number) => number): Try[] {
  const tries: Try[] = [];
  for (let value = nextValue(match, target, tries); value !== undefined; value = nextValue(match, target, tries)) {
    tries.push({ value, l0: l0Of(value) });
  }
  return tries;
}

it("takes k for L0, rounded", () => {
  expect(search({ to: "a/0", key: "k" }, 31.6, (k) => k)).toEqual([{ value: 32, l0: 32 }]);
});

it("raises k where some of its latents are off", () => {
  const tries = search({ to: "a/0", key: "k" }, 700, (k) => Math.min(k, 400 + k / 2));
  expect(l0Matches(tries.at(-1)!.l0, 700)).toBe(true);
});

it("finds the penalty that gives an L0, also a hundred times away", () => {
  for (const power of [-0.4, -1, -2]) {
    const tries = search(
      { to: "a/0", key: "sparsity_lambda", start: 1e-3 },
      50,
      (lambda) => 800 * (lambda / 1e-4) ** power,
    );
    expect(l0Matches(nearestTry(tries, 50).l0, 50)).toBe(true);
  }
});

it("gives up where L0 does not follow, keeping the nearest try", () => {
  const stuck = search({ to: "a/0", key: "sparsity_lambda", start: 1e-3 }, 50, () => 400);
  expect(stuck).toHaveLength(6);
  const capped = search({ to: "a/0", key: "k" }, 1500, (k) => Math.min(k, 1000));
  expect(capped.length).toBeLessThanOrEqual(6);
  expect(nearestTry(capped, 1500).l0).toBe(1000);
});
