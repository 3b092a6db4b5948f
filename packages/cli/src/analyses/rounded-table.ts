import type { ReportSae } from "@qsae/analysis";
import { count, fvu } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";

/** One row per float SAE that was rounded, one column per width; undefined where there is none. */
export function roundedTable(saes: readonly ReportSae[]): TableData | undefined {
  // SAEs made from one float SAE share its figures
  const byFigures = new Map(
    saes.flatMap(({ name, reference, rounded }) =>
      rounded === undefined ? [] : [[rounded, reference?.weights === undefined ? name : reference.name] as const],
    ),
  );
  const [first] = byFigures.keys();
  if (first === undefined) return undefined;
  return {
    columns: [`FVU rounded to\n(${count(first[0]?.tokens ?? 0)} tokens)`, ...first.map(({ quantizer }) => quantizer)],
    rows: [...byFigures].map(([widths, name]) => [name, ...widths.map((width) => fvu(width.fvu))]),
  };
}
