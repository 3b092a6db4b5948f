/** What sections of a report are made of, and how they look on the page. */
import { factsHtml, type Facts } from "./facts.ts";
import { figureHtml, type Figure } from "./figure.ts";
import { html, type Html } from "./html.ts";
import { tablePanelHtml, type TablePanel } from "./table-panel.ts";

export interface ReportSection {
  /** Of its place on the page. */
  readonly id: string;
  readonly title: string;
  /** Title with its colour. Default: the title. */
  readonly heading?: Html;
  /** Before the groups. */
  readonly intro?: readonly (Html | undefined)[];
  readonly groups: readonly FigureGroup[];
}

export interface FigureGroup {
  readonly title: string;
  /** Tells its charts' files from those of another group with the same titles. */
  readonly fileName?: string;
  readonly facts?: Facts;
  readonly items: readonly (Figure | TablePanel)[];
}

export function isFigure(item: Figure | TablePanel): item is Figure {
  return "svg" in item;
}

/** The groups in which there is something to see. */
export function filledGroups(groups: readonly FigureGroup[]): readonly FigureGroup[] {
  return groups.filter(({ facts = {}, items }) => items.length > 0 || Object.values(facts).some((fact) => fact));
}

/** Of a group's place on the page. */
export function groupId({ id }: Pick<ReportSection, "id">, index: number): string {
  return `${id}-${index + 1}`;
}

export function sectionHtml(section: ReportSection): Html {
  const { id, title, heading = title, intro = [], groups } = section;
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${heading}</h2>
    ${intro} ${groups.map((group, g) => groupHtml(groupId(section, g), group))}
  </section>`;
}

function groupHtml(id: string, { title, facts = {}, items }: FigureGroup): Html {
  return html`<div class="group" id="${id}" role="group" aria-labelledby="${id}-title">
    <h3 id="${id}-title">${title}</h3>
    ${factsHtml("facts", facts)}
    ${
      items.length > 0 &&
      html`<div class="figures">
        ${items.map((item) => (isFigure(item) ? figureHtml(item) : tablePanelHtml(item)))}
      </div>`
    }
  </div>`;
}
