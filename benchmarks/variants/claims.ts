/** Claims about the table, and whether the measured cells bear them out. */
import { groupOf, type Measured, type Results } from "./cell.ts";

export type Claim =
  /** Mean FVU of a group's cells against that of another's. */
  | { readonly kind: "mean at most times"; readonly group: string; readonly of: string; readonly factor: number }
  | { readonly kind: "mean at most"; readonly group: string; readonly fvu: number }
  /** Neither at the end of training nor on the held-out tokens, in any cell of the group. */
  | { readonly kind: "no dead latents"; readonly group: string }
  /** Strictly, with L0 within {@link L0_TOLERANCE} and codes of the same size. */
  | { readonly kind: "better at matched L0"; readonly cell: string; readonly than: string }
  | { readonly kind: "falls at every level"; readonly cell: string }
  | { readonly kind: "last level beats"; readonly cell: string; readonly than: string };

export interface Check {
  readonly claim: string;
  /** What was measured, for people. */
  readonly figures: string;
  readonly outcome: "PASS" | "FAIL" | "not measured";
}

/** Largest relative difference of two L0 that count as matched. */
export const L0_TOLERANCE = 0.05;

export const l0Matches = (l0: number, target: number): boolean => Math.abs(l0 - target) <= L0_TOLERANCE * target;

/** @param ids all cells there are, measured or not: a mean over some of a group's seeds would be another claim */
export function checkClaims(claims: readonly Claim[], ids: readonly string[], results: Results): Check[] {
  return claims.flatMap((claim) => check(claim, ids, results));
}

function check(claim: Claim, ids: readonly string[], results: Results): Check[] {
  const cell = (id: string): Measured | undefined => results.get(id)?.measured;
  const members = (group: string): readonly Measured[] | undefined => {
    const all = ids.filter((id) => groupOf(id) === group).map(cell);
    return all.length > 0 && all.every((one) => one !== undefined) ? all : undefined;
  };
  switch (claim.kind) {
    case "mean at most times": {
      const { group, of, factor } = claim;
      return judged(
        `mean FVU of ${group} is at most ${factor} times that of ${of}`,
        [members(group), members(of)],
        (a, b) => ({
          figures: `${fvu(meanFvu(a))} / ${fvu(meanFvu(b))} = ${(meanFvu(a) / meanFvu(b)).toFixed(4)}`,
          holds: meanFvu(a) <= factor * meanFvu(b),
        }),
      );
    }
    case "mean at most":
      return judged(`mean FVU of ${claim.group} is at most ${claim.fvu}`, [members(claim.group)], (a) => ({
        figures: fvu(meanFvu(a)),
        holds: meanFvu(a) <= claim.fvu,
      }));
    case "no dead latents":
      return judged(`${claim.group} has no dead latents`, [members(claim.group)], (all) => ({
        figures: all.map((one) => `${one.dead_in_training} in training, ${one.dead_heldout} held out`).join("; "),
        holds: all.every((one) => one.dead_in_training === 0 && one.dead_heldout === 0),
      }));
    case "better at matched L0":
      return betterAtMatchedL0(claim.cell, claim.than, cell);
    case "falls at every level":
      return judged(
        `FVU of ${claim.cell} falls at every level`,
        [cell(claim.cell)],
        ({ fvu_by_level: levels = [] }) => ({
          figures: levels.map(fvu).join(" > "),
          holds: levels.length > 1 && levels.every((level, i) => i === 0 || level < levels[i - 1]!),
        }),
      );
    case "last level beats": {
      const { cell: id, than } = claim;
      return judged(`the last level of ${id} beats ${than}`, [cell(id), cell(than)], (a, b) => ({
        figures: `${fvu(a.fvu)} < ${fvu(b.fvu)}`,
        holds: a.fvu < b.fvu,
      }));
    }
  }
}

function betterAtMatchedL0(id: string, than: string, cell: (id: string) => Measured | undefined): Check[] {
  const both = [cell(id), cell(than)] as const;
  return [
    ...judged(`L0 of ${id} is that of ${than} within ${100 * L0_TOLERANCE} %`, both, (a, b) => ({
      figures: `${a.l0.toFixed(2)} and ${b.l0.toFixed(2)}`,
      holds: l0Matches(a.l0, b.l0),
    })),
    ...judged(`${id} is better than ${than} at that L0 and the same bits`, both, (a, b) => ({
      figures: `FVU ${fvu(a.fvu)} < ${fvu(b.fvu)}, ${bits(a)} and ${bits(b)} bits`,
      holds: l0Matches(a.l0, b.l0) && bits(a) === bits(b) && a.fvu < b.fvu,
    })),
  ];
}

/** A check of figures that may be missing. */
function judged<M extends readonly unknown[]>(
  claim: string,
  measured: readonly [...{ [I in keyof M]: M[I] | undefined }],
  judge: (...measured: M) => { readonly figures: string; readonly holds: boolean },
): Check[] {
  if (measured.includes(undefined)) return [{ claim, figures: "", outcome: "not measured" }];
  const { figures, holds } = judge(...(measured as unknown as M));
  return [{ claim, figures, outcome: holds ? "PASS" : "FAIL" }];
}

const meanFvu = (all: readonly Measured[]): number => all.reduce((sum, one) => sum + one.fvu, 0) / all.length;
const fvu = (value: number): string => value.toFixed(4);
/** Scales are left out: a variant may have more of them than its reference. */
const bits = (one: Measured): string => one.code_bits_per_weight.toFixed(2);
