import type { ReportSae } from "@qsae/analysis";
import { bytes, count, fvu, shown } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";

/** One row per SAE. N of "dead in N" is in the heading where all were measured on as many tokens. */
export function evaluationTable(saes: readonly Pick<ReportSae, "name" | "summary">[]): TableData {
  const tokens = [...new Set(saes.map(({ summary }) => summary?.tokens))];
  const dead = tokens.length === 1 && tokens[0] !== undefined ? `dead in\n${count(tokens[0])}` : "dead";
  return {
    columns: ["", "FVU", "L0", dead, "bits per\nweight", "file", "tokens/s"],
    rows: saes.map(({ name, summary: s = {} }) => [
      name,
      shown(s.fvu, fvu),
      shown(s.l0, (value) => value.toFixed(1)),
      shown(s.dead, count),
      shown(s.bits_per_weight, (value) => value.toFixed(2)),
      shown(s.bytes, bytes),
      shown(s.tokens_per_second, count),
    ]),
  };
}
