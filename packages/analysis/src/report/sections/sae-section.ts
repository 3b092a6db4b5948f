/** One SAE up close: how well it reconstructs, how its latents fire, its weights, its reference, its language model. */
import { factsHtml } from "../facts.ts";
import { swatch } from "../figure.ts";
import { html } from "../html.ts";
import type { ReportSae } from "../report-input.ts";
import { filledGroups, type ReportSection } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { againstGroup } from "./against-group.ts";
import { languageModelGroup } from "./language-model-group.ts";
import { latentsGroup } from "./latents-group.ts";
import { reconstructionGroup } from "./reconstruction-group.ts";
import type { SharedDomains } from "./shared-domains.ts";
import { weightsGroup } from "./weights-group.ts";

/** Of a reference that is not in the report itself. */
const OTHER: SeriesStyle = { color: "var(--soft)" };

/** @param id of the section, for links */
export function saeSection(
  id: string,
  sae: ReportSae,
  styles: ReadonlyMap<string, SeriesStyle>,
  domains: SharedDomains,
): ReportSection {
  const style = styles.get(sae.name)!;
  const referenceStyle = sae.reference?.name === sae.name ? OTHER : (styles.get(sae.reference?.name ?? "") ?? OTHER);
  const groups = filledGroups([
    reconstructionGroup(sae, style),
    latentsGroup(sae, style),
    weightsGroup(sae, style, domains),
    againstGroup(sae, style, referenceStyle, domains),
    ...(sae.crossEntropy === undefined ? [] : [languageModelGroup(sae.crossEntropy, style)]),
  ]);
  return {
    id,
    title: sae.name,
    heading: swatch(sae.name, style),
    intro: [
      factsHtml("provenance", sae.provenance ?? {}),
      groups.length === 0 ? html`<p class="nothing">Nothing beyond the summary was measured.</p>` : undefined,
    ],
    groups,
  };
}
