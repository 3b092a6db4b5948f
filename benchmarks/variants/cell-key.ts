/**
 * A hash of everything in the source that a cell's figures depend on: its variant's and its training's whole configuration,
 * defaults filled in, its size and data, and the keys of the cells that it is matched to or starts from. Code is not in it:
 * after a change of arithmetic, `--again`.
 */
import { createHash } from "node:crypto";
import { parseTrainingConfig, type TrainingConfig, type Variant } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { UsageError } from "@qsae/runtime";
import { variantByName, type VariantCatalog } from "@qsae/variants";
import type { Cell } from "./cell.ts";
import { D_IN, D_SAE, HELDOUT_FILE, TRAIN_FILE } from "./data.ts";

export const catalog: VariantCatalog = { resolveQuantizer: quantizersByName() };

/** @param matched the value of the key that matches L0, by that key */
export const variantOf = ({ variant, config }: Cell, matched: Readonly<Record<string, number>> = {}): Variant =>
  variantByName(variant, { ...config, ...matched, d_in: D_IN, d_sae: D_SAE }, catalog);

export const trainingOf = ({ training, seed }: Cell): TrainingConfig => parseTrainingConfig({ ...training, seed });

/** @throws UsageError if a cell is matched to or starts from one that does not exist, or a chain of these closes */
export function cellKeys(cells: readonly Cell[]): ReadonlyMap<string, string> {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const keys = new Map<string, string>();
  const keyOf = (id: string, neededBy: readonly string[]): string => {
    const known = keys.get(id);
    if (known !== undefined) return known;
    const cell = byId.get(id);
    if (!cell)
      throw new UsageError(`cell ${neededBy.at(-1)}: there is no cell ${id} to be matched to or to start from`);
    if (neededBy.includes(id)) throw new UsageError(`cells ${[...neededBy, id].join(" -> ")}: each needs the next one`);
    const key = hashOf({
      trainer: cell.trainer,
      variant: cell.variant,
      config: variantOf(cell).config,
      training: trainingOf(cell),
      data: [TRAIN_FILE, HELDOUT_FILE],
      matchL0: cell.matchL0,
      needs: prerequisites(cell).map((needed) => keyOf(needed, [...neededBy, id])),
    });
    keys.set(id, key);
    return key;
  };
  for (const { id } of cells) keyOf(id, []);
  return keys;
}

/** Ids of the cells that must be measured before this one. */
export const prerequisites = ({ matchL0, warmStartFrom }: Cell): string[] => [
  ...(matchL0 ? [matchL0.to] : []),
  ...(warmStartFrom === undefined ? [] : [warmStartFrom]),
];

/** The same for objects whose keys come in another order. */
export function hashOf(value: unknown): string {
  const sorted = JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
  return createHash("sha256").update(sorted).digest("hex").slice(0, 16);
}
