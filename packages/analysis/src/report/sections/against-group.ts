/** What became of the reference, say the float SAE, in this form of it. */
import type { CosinesBetween } from "../../cosine/cosines-between.ts";
import type { ReferenceAnalysis } from "../../reference/reference-analysis.ts";
import type { SupportOverlapResult } from "../../sparsity/support-overlap-with.ts";
import { NO_ATOM, type NearestAtoms } from "../../cosine/nearest-atoms.ts";
import { equalWidthHistogram } from "../../histogram.ts";
import { extentOf, linearAxis } from "../charts/axis.ts";
import type { Facts } from "../facts.ts";
import type { Figure } from "../figure.ts";
import { formatCount, formatFixed, formatFvu, formatShare, formatSignedFvu } from "../format.ts";
import { html } from "../html.ts";
import type { ReportSae } from "../report-input.ts";
import type { FigureGroup } from "../report-section.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { histogramFigure, valuesFigure } from "./histogram-figure.ts";
import { fvuIncreaseItems } from "./fvu-increase-items.ts";
import { isPlottable } from "../is-plottable.ts";
import type { SharedDomains } from "./shared-domains.ts";
import { weightErrorPanels } from "./weight-error-panels.ts";

/** @param referenceStyle of the reference's own colour, where it is in the report */
export function againstGroup(
  sae: ReportSae,
  style: SeriesStyle,
  referenceStyle: SeriesStyle,
  { quantizationError }: SharedDomains,
): FigureGroup {
  const { reference } = sae;
  const errors = valuesFigure(sae.quantizationError, {
    title: "Quantization error per atom",
    caption: "|quantized − float| / |float| for every row of the dictionary",
    label: "relative error of an atom",
    things: "atoms",
    style,
    ...(quantizationError && { domain: quantizationError }),
  });
  if (reference === undefined) return { title: "Against the float SAE", items: errors };
  return {
    title: `Against ${reference.name}`,
    facts: referenceFacts(reference),
    items: [
      ...weightErrorPanels(reference.weights ?? []),
      ...errors,
      ...(reference.fvuIncrease === undefined ? [] : fvuIncreaseItems(reference.fvuIncrease.predicted, sae, style)),
      ...foundFigure(reference, sae.name, style, referenceStyle),
      ...(reference.support === undefined ? [] : supportFigure(reference.support, sae, style)),
    ],
  };
}

function referenceFacts({ outputError, fvuIncrease, support, cosines }: ReferenceAnalysis): Facts {
  const { aInB, bInA, match, sameAbove } = cosines;
  return {
    "Output error": html`${formatFvu(outputError)} <small>FVU of one as the other</small>`,
    "FVU increase":
      fvuIncrease &&
      html`${formatSignedFvu(fvuIncrease.measured)}
        <small>predicted ${formatSignedFvu(fvuIncrease.predicted.total)}</small>`,
    "Support overlap":
      support &&
      html`${formatFixed(support.overlap, 3)}
        <small>differs on ${formatFixed(100 * support.changedTokens, 1)}% of tokens</small>`,
    MMCS: html`${formatFixed(aInB.mmcs, 3)} <small>the other way ${formatFixed(bInA.mmcs, 3)}</small>`,
    "Atoms found": html`${formatShare(aInB.overlap)}
      <small>the other way ${formatShare(bInA.overlap)}; above ${formatFixed(sameAbove, 2)}</small>`,
    "Atoms matched": html`${formatCount(match.a.length)}
      <small>one to one${match.uncertain > 0 && `, ${formatCount(match.uncertain)} uncertain`}</small>`,
  };
}

const COSINE_BINS = 50;

function foundFigure(
  { name: reference, cosines }: ReferenceAnalysis,
  name: string,
  style: SeriesStyle,
  referenceStyle: SeriesStyle,
): readonly Figure[] {
  const [a, b] = [foundCosines(cosines.aInB.nearest), foundCosines(cosines.bInA.nearest)];
  const [lowest] = extentOf([...a, ...b, 0])!;
  const from = Math.floor(5 * lowest) / 5;
  const [inReference, inSae] = [a, b].map((values) => equalWidthHistogram(values, from, 1, COSINE_BINS));
  if (a.length + b.length === 0) return [];
  const facts = `MMCS ${formatFixed(cosines.aInB.mmcs, 3)}, the other way ${formatFixed(cosines.bInA.mmcs, 3)}`;
  return [
    histogramFigure({
      title: "Atoms found in each other",
      caption: `Cosine of every atom with the most alike of the other dictionary; ${facts}`,
      description: `Histogram of the cosines of ${formatCount(a.length)} atoms with the most alike of ${reference}, and of ${formatCount(b.length)} the other way; ${facts}.`,
      legend: [
        { name: `atoms of ${name}`, style },
        { name: `atoms of ${reference}`, style: referenceStyle },
      ],
      things: "atoms",
      histogram: inReference!,
      outline: { histogram: inSae!, style: referenceStyle },
      style,
      x: linearAxis([from, 1], { label: "largest cosine", exact: true }),
      mark: sameMark(cosines),
    }),
  ];
}

function sameMark({ sameAbove }: CosinesBetween): { readonly x: number; readonly label: string } {
  return { x: sameAbove, label: "the same" };
}

function foundCosines({ latent, cosine }: NearestAtoms): readonly number[] {
  return Array.from(cosine).filter((value, j) => latent[j] !== NO_ATOM && isPlottable(value));
}

/** A latent that fires for neither has an overlap of 1; where densities are known, it is left out. */
function supportFigure(
  { perLatent }: SupportOverlapResult,
  { density }: ReportSae,
  style: SeriesStyle,
): readonly Figure[] {
  const known = density?.counts.length === perLatent.length;
  const firing = perLatent.filter((overlap, j) => !known || overlap !== 1 || density.counts[j] !== 0);
  const silent = perLatent.length - firing.length;
  return valuesFigure(firing, {
    title: "Support overlap by latent",
    caption: known
      ? `On which tokens each latent fires in both; ${formatCount(silent)} that fire in neither left out`
      : "On which tokens each latent fires in both; 1 also where it fires in neither",
    label: "overlap of a latent",
    things: "latents",
    style,
    domain: [0, 1],
    exact: true,
  });
}
