/** All sections of a report, in order: the page shows them, and the files of charts come from them. */
import { UsageError } from "@qsae/runtime";
import type { ReportInput } from "./report-input.ts";
import type { ReportSection } from "./report-section.ts";
import { saeSection } from "./sections/sae-section.ts";
import { sharedDomains } from "./sections/shared-domains.ts";
import { summarySection } from "./sections/summary-section.ts";
import { trainingSection } from "./sections/training-section.ts";
import { seriesStyles, type SeriesStyle } from "./series-styles.ts";

/**
 * @param caller for the error
 * @throws UsageError if there is neither an SAE nor a run
 */
export function reportSections(caller: string, input: ReportInput): readonly ReportSection[] {
  const { saes = [], runs = [] } = input;
  if (saes.length + runs.length === 0)
    throw new UsageError(`${caller}: nothing to report; give at least one SAE or run`);
  const styles = stylesOf(input);
  const domains = sharedDomains(saes);
  return [
    ...(saes.length > 0 ? [summarySection(saes, styles)] : []),
    ...(runs.length > 0 ? [trainingSection(runs, styles)] : []),
    ...saes.map((sae, i) => saeSection(idOfSae(i), sae, styles, domains)),
  ];
}

/** Of the colours of SAEs and runs, by name. */
export function stylesOf({ saes = [], runs = [] }: ReportInput): ReadonlyMap<string, SeriesStyle> {
  return seriesStyles([...saes, ...runs].map(({ name }) => name));
}

/** Of the section of SAE number `i` on the page. */
export function idOfSae(i: number): string {
  return `sae-${i + 1}`;
}
