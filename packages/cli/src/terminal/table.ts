/** Tables that stay readable: as a grid where it fits, one block per row where it does not. */
import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import type { Colors } from "./colors.ts";

export interface TableData {
  /** Headings, with line breaks where they may be narrow; the first column names the row. */
  readonly columns: readonly string[];
  /** One cell per column. */
  readonly rows: readonly (readonly string[])[];
}

/** Text of a table for a terminal of so many columns (Infinity: no terminal). */
export function renderTable(
  { columns, rows }: TableData,
  { width, colors }: { width: number; colors: Colors },
): string {
  const grid = gridOf(columns, rows, colors);
  return widthOf(grid) <= width ? grid : blocksOf(columns, rows, colors);
}

function gridOf(columns: TableData["columns"], rows: TableData["rows"], colors: Colors): string {
  const table = new Table({
    head: columns.map((heading) => boldLines(heading, colors)),
    colAligns: columns.map((_, column) => (isNumeric(rows, column) ? "right" : "left")),
    // cli-table3's own colours know nothing of NO_COLOR.
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
    rowAligns: ["bottom"],
    chars: {
      top: "",
      "top-mid": "",
      "top-left": "",
      "top-right": "",
      bottom: "",
      "bottom-mid": "",
      "bottom-left": "",
      "bottom-right": "",
      left: "",
      "left-mid": "",
      right: "",
      "right-mid": "",
      mid: "",
      "mid-mid": "",
      middle: "   ",
    },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "")
    .join("\n");
}

/** Line by line: cli-table3 would lose a colour that spans lines. */
function boldLines(heading: string, colors: Colors): string {
  return heading
    .split("\n")
    .map((line) => colors.bold(line))
    .join("\n");
}

function isNumeric(rows: TableData["rows"], column: number): boolean {
  return column > 0 && rows.every((row) => /^([-+]?\d|x \d|-$)/.test(row[column]!));
}

function blocksOf(columns: TableData["columns"], rows: TableData["rows"], colors: Colors): string {
  const [first, ...headings] = columns.map(inOneLine);
  const headingWidth = Math.max(...headings.map((heading) => heading.length));
  return rows
    .map(([name, ...cells]) =>
      [
        colors.bold(first === "" ? name! : `${first}: ${name}`),
        ...cells.map((cell, i) => `  ${headings[i]!.padEnd(headingWidth)}  ${cell}`),
      ].join("\n"),
    )
    .join("\n\n");
}

/** `shrink-\nage` is one word. */
function inOneLine(heading: string): string {
  return heading.replace("-\n", "").replace("/\n", "/").replace("\n", " ");
}

/** Visible width of the longest line. */
function widthOf(text: string): number {
  return Math.max(
    ...stripVTControlCharacters(text)
      .split("\n")
      .map((line) => line.length),
  );
}
