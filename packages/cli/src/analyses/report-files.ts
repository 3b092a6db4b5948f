/** The files that an analysis is written to. */
import { renderReport, type ReportInput } from "@qsae/analysis";
import { writeFileAtomic } from "@qsae/data";
import { UsageError } from "@qsae/runtime";

/** @throws UsageError if a report's name is not that of a web page */
export function requirePageName(out: string): string {
  if (/\.html?$/i.test(out)) return out;
  throw new UsageError(`--out ${out}: the report is a web page; expected a name ending in .html`);
}

/** In the current folder, after the first SAE: `ternary-report.html`. */
export function defaultPageName(names: readonly string[]): string {
  return `${names[0]}-report.html`;
}

export async function writePage(out: string, input: ReportInput): Promise<void> {
  await writeFileAtomic(out, new TextEncoder().encode(renderReport(input)));
}
