/** All sections of a report, in order: the page shows them, and the files of charts come from them. */
import { UsageError } from "@qsae/runtime";
import type { ReportInput } from "./report-input.ts";
import type { ReportSection } from "./report-section.ts";
import { saeSection } from "./sections/sae-section.ts";
import { sharedDomains } from "./sections/shared-domains.ts";
import { summarySection } from "./sections/summary-section.ts";
import { trainingSection } from "./sections/training-section.ts";
import { seriesStyles } from "./series-styles.ts";

/**
 * @param caller for the error
 * @throws UsageError if there is neither an SAE nor a run
 */
export function reportSections(caller: string, { saes = [], runs = [] }: ReportInput): readonly ReportSection[] {
  if (saes.length + runs.length === 0)
    throw new UsageError(`${caller}: nothing to report; give at least one SAE or run`);
  const styles = seriesStyles([...saes, ...runs].map(({ name }) => name));
  const domains = sharedDomains(saes);
  return [
    ...(saes.length > 0 ? [summarySection(saes, styles)] : []),
    ...(runs.length > 0 ? [trainingSection(runs, styles)] : []),
    ...saes.map((sae, i) => saeSection(`sae-${i + 1}`, sae, styles, domains)),
  ];
}
