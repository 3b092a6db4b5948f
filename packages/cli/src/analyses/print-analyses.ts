/** Analyses on the terminal: a table of each kind of figure. */
import type { ReportSae } from "@qsae/analysis";
import { evaluationTable } from "../evaluation/evaluation-table.ts";
import { splicedTable, splicedWords } from "../spliced/spliced-table.ts";
import type { TableData } from "../terminal/table.ts";
import { renderTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { latentsTable, referenceTable } from "./analyses-table.ts";
import { roundedTable } from "./rounded-table.ts";

export function printAnalyses(terminal: Terminal, saes: readonly ReportSae[]): void {
  const tables: readonly (TableData | undefined)[] = [
    evaluationTable(saes),
    latentsTable(saes),
    referenceTable(saes),
    roundedTable(saes),
    splicedTable(saes),
  ];
  for (const table of tables) {
    if (table) terminal.print(`${renderTable(table, { width: terminal.columns, colors: terminal.colors })}\n`);
  }
  const words = splicedWords(saes);
  if (words !== undefined) terminal.print(`${words}\n`);
}
