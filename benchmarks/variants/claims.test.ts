import { describe, expect, it } from "vitest";
import type { Measured } from "./cell.ts";
import { checkClaims, l0Matches, type Check, type Claim } from "./claims.ts";
import { storedCell } from "./stored-cell.fixture.ts";

function outcomes(claim: Claim, figures: Readonly<Record<string, Partial<Measured>>>, missing: string[] = []): Check[] {
  const results = new Map(Object.entries(figures).map(([id, measured]) => [id, storedCell(measured)]));
  return checkClaims([claim], [...Object.keys(figures), ...missing], results);
}
const outcome = (...given: Parameters<typeof outcomes>): string =>
  outcomes(...given)
    .map((check) => check.outcome)
    .join();

describe("checks", () => {
  it("compare means over all seeds", () => {
    const claim: Claim = { kind: "mean at most times", group: "ours", of: "peer", factor: 1.01 };
    const peer = { "peer/0": { fvu: 0.09 }, "peer/1": { fvu: 0.11 } };
    expect(outcomes(claim, { "ours/0": { fvu: 0.1 }, "ours/1": { fvu: 0.1018 }, ...peer })).toEqual([
      {
        claim: "mean FVU of ours is at most 1.01 times that of peer",
        figures: "0.1009 / 0.1000 = 1.0090",
        outcome: "PASS",
      },
    ]);
    expect(outcome(claim, { "ours/0": { fvu: 0.1 }, "ours/1": { fvu: 0.1022 }, ...peer })).toBe("FAIL");
    expect(outcome({ kind: "mean at most", group: "peer", fvu: 0.1 }, peer)).toBe("PASS");
    expect(outcome({ kind: "mean at most", group: "peer", fvu: 0.0999 }, peer)).toBe("FAIL");
  });

  it("say nothing while a seed is missing", () => {
    const claim: Claim = { kind: "mean at most", group: "ours", fvu: 1 };
    expect(outcome(claim, { "ours/0": {} }, ["ours/1"])).toBe("not measured");
    expect(outcome(claim, {})).toBe("not measured");
    expect(outcome({ kind: "last level beats", cell: "a/0", than: "b/0" }, { "a/0": {} })).toBe("not measured");
  });

  it("allow no dead latent, neither in training nor held out", () => {
    const claim: Claim = { kind: "no dead latents", group: "ours" };
    expect(outcome(claim, { "ours/0": {}, "ours/1": {} })).toBe("PASS");
    expect(outcome(claim, { "ours/0": {}, "ours/1": { dead_in_training: 1 } })).toBe("FAIL");
    expect(outcome(claim, { "ours/0": { dead_heldout: 1 }, "ours/1": {} })).toBe("FAIL");
  });

  it("want matched L0, the same bits and a strictly lower FVU", () => {
    const claim: Claim = { kind: "better at matched L0", cell: "new/0", than: "old/0" };
    const against = (measured: Partial<Measured>): string =>
      outcome(claim, { "old/0": { l0: 100 }, "new/0": measured });
    expect(against({ l0: 105, fvu: 0.0999 })).toBe("PASS,PASS");
    expect(against({ l0: 95, fvu: 0.0999 })).toBe("PASS,PASS");
    expect(against({ l0: 100, fvu: 0.1 })).toBe("PASS,FAIL");
    expect(against({ l0: 106, fvu: 0.05 })).toBe("FAIL,FAIL");
    expect(against({ l0: 100, fvu: 0.05, code_bits_per_weight: 4 })).toBe("PASS,FAIL");
    expect(against({ l0: 100, fvu: 0.05, bits_per_weight: 32.125 })).toBe("PASS,PASS");
    expect(l0Matches(0, 0)).toBe(true);
  });

  it("want FVU to fall at every level, and the last one to beat another cell", () => {
    const falls: Claim = { kind: "falls at every level", cell: "a/0" };
    expect(outcome(falls, { "a/0": { fvu_by_level: [0.5, 0.3, 0.2] } })).toBe("PASS");
    expect(outcome(falls, { "a/0": { fvu_by_level: [0.5, 0.3, 0.3] } })).toBe("FAIL");
    expect(outcome(falls, { "a/0": {} })).toBe("FAIL");
    const beats: Claim = { kind: "last level beats", cell: "a/0", than: "b/0" };
    expect(outcome(beats, { "a/0": { fvu: 0.09 }, "b/0": { fvu: 0.1 } })).toBe("PASS");
    expect(outcome(beats, { "a/0": { fvu: 0.1 }, "b/0": { fvu: 0.1 } })).toBe("FAIL");
  });
});
