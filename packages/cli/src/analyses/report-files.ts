/** The files that an analysis is written to. */
import { join } from "node:path";
import { renderReport, reportCharts, reportJson, type ReportInput } from "@qsae/analysis";
import { chartPng } from "@qsae/analysis/png";
import { writeFileAtomic } from "@qsae/data";
import { UsageError } from "@qsae/runtime";
import { count } from "../terminal/format.ts";
import { writeJson } from "../files/write-json.ts";

export interface ReportFiles {
  /** Page. */
  readonly out?: string;
  /** Every number. */
  readonly jsonOut?: string;
  /** Folder of charts, made where it is missing. */
  readonly charts?: string;
}

/** @throws UsageError if a report's name is not that of a web page */
export function requirePageName(out: string): string {
  if (/\.html?$/i.test(out)) return out;
  throw new UsageError(`--out ${out}: the report is a web page; expected a name ending in .html`);
}

/** In the current folder, after the first SAE: `ternary-report.html`. */
export function defaultPageName(names: readonly string[]): string {
  return `${names[0]}-report.html`;
}

/** @returns what was written, for people */
export async function writeReport(
  { out, jsonOut, charts }: ReportFiles,
  input: ReportInput,
): Promise<readonly string[]> {
  const written: string[] = [];
  if (out !== undefined) {
    await writeFileAtomic(out, new TextEncoder().encode(renderReport(input)));
    written.push(out);
  }
  if (jsonOut !== undefined) {
    await writeJson(jsonOut, reportJson(input));
    written.push(jsonOut);
  }
  if (charts !== undefined) written.push(`${count(await writeCharts(charts, input))} charts in ${charts}`);
  return written;
}

async function writeCharts(folder: string, input: ReportInput): Promise<number> {
  const drawn = reportCharts(input);
  for (const { name, svg } of drawn) {
    await writeFileAtomic(join(folder, name), new TextEncoder().encode(svg));
    await writeFileAtomic(join(folder, name.replace(/svg$/, "png")), await chartPng(svg));
  }
  return drawn.length;
}
