import type { LevelSummary } from "@qsae/analysis";
import { bytes, count, fvu } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";

/** A level of an SAE; what was not measured is absent. */
export type Level = Omit<LevelSummary, "fvu" | "l0"> & Partial<Pick<LevelSummary, "fvu" | "l0">>;

/** Hierarchies have ten or so; a file that claims thousands would fill the screen. */
export const MOST_LEVELS = 64;

const ABSENT = "-";

/** What the first m levels do and weigh, a row for every m. */
export function levelsTable(levels: readonly Level[]): TableData {
  return {
    columns: ["levels", "FVU", "L0", "latents", "bits per\nweight", "bytes"],
    rows: levels.map((level) => [
      level.levels === 1 ? "1" : `1-${level.levels}`,
      level.fvu === undefined ? ABSENT : fvu(level.fvu),
      level.l0 === undefined ? ABSENT : level.l0.toFixed(2),
      count(level.latents),
      level.bits_per_weight.toFixed(2),
      bytes(level.bytes),
    ]),
  };
}
