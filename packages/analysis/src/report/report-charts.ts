/** Every chart of a report as a file. */
import type { ReportInput } from "./report-input.ts";
import { isFigure, type FigureGroup, type ReportSection } from "./report-section.ts";
import { reportSections } from "./report-sections.ts";
import { chartSvg } from "./charts/chart-svg.ts";
import { slugOf } from "./slug.ts";

export interface ReportChart {
  /** Of a file: `summary-fvu-against-bits.svg`, `ternary-latent-density.svg`. Lower case, no two alike. */
  readonly name: string;
  readonly svg: string;
}

/**
 * The charts that `renderReport` shows, in their order, as SVG files that stand for themselves: their own title and caption,
 * colours of light paper, IBM Plex Sans or what the system has. `chartPng` of `@qsae/analysis/png` makes images of them.
 *
 * Names depend on titles and on the names of SAEs and runs alone, so that files of two reports can be compared.
 *
 * @throws UsageError if there is neither an SAE nor a run
 * @example
 * for (const { name, svg } of reportCharts({ title, createdAt, saes })) await writeFile(join("charts", name), svg);
 */
export function reportCharts(input: ReportInput): readonly ReportChart[] {
  const sections = reportSections("reportCharts", input);
  const distinct = distinctNames();
  return sections.flatMap((section) => {
    const folder = distinct(slugOf(section.title) || section.id);
    return section.groups.flatMap((group) =>
      group.items.filter(isFigure).map((figure) => ({
        name: `${distinct([folder, ...groupName(group), slugOf(figure.title) || "chart"].join("-"))}.svg`,
        svg: chartSvg(figure, ofWhat(section, group)),
      })),
    );
  });
}

function groupName({ fileName = "" }: FigureGroup): readonly string[] {
  const slug = slugOf(fileName);
  return slug === "" ? [] : [slug];
}

function ofWhat({ title }: ReportSection, { fileName }: FigureGroup): string {
  return fileName ? `${title} of ${fileName}` : title;
}

/** The first of equal names stays, the next ones get numbers. */
function distinctNames(): (name: string) => string {
  const taken = new Set<string>();
  return (name) => {
    let free = name;
    for (let number = 2; taken.has(free); number++) free = `${name}-${number}`;
    taken.add(free);
    return free;
  };
}
