/** Which latents of one SAE fire together: a heat map, and the first pairs by each measure. */
import type { Coactivation } from "../../sparsity/coactivation.ts";
import type { LatentPair } from "../../sparsity/ranked-pairs.ts";
import { heatClasses, heatMapChart } from "../charts/heat-map-chart.ts";
import type { Figure } from "../figure.ts";
import { formatCount, formatFixed, formatIndex, formatSignificant } from "../format.ts";
import type { TablePanel } from "../table-panel.ts";

/** The rest is in the JSON. */
const PAIRS_LISTED = 100;

export function coactivationItems(coactivation: Coactivation): readonly (Figure | TablePanel)[] {
  const { tokens, tokensSeen, pairs, among, byJaccard, byCount, byLift } = coactivation;
  const sampled = tokensSeen > tokens ? `, a sample of ${formatCount(tokensSeen)}` : "";
  const counted = `${formatCount(pairs)} pairs fire together in ${formatCount(tokens)} tokens${sampled}`;
  return [
    ...(among.latents.length > 1 ? [heatMapFigure(coactivation, counted)] : []),
    ...pairsPanel("Pairs by Jaccard index", "Of the tokens on which either fires, both fire on most", byJaccard, 12),
    ...pairsPanel("Pairs by count", "Both fire on most tokens", byCount, 6),
    ...pairsPanel("Pairs by lift", "Both fire more often than by chance, which is 1", byLift, 6),
  ];
}

function heatMapFigure({ among: { latents, jaccard } }: Coactivation, counted: string): Figure {
  const count = latents.length;
  const pairs = Array.from({ length: count * count }, (_, at) => ({
    a: latents[Math.floor(at / count)]!,
    b: latents[at % count]!,
    share: jaccard[at]!,
  }))
    .filter(({ a, b, share }) => a < b && share > 0)
    .sort((p, q) => q.share - p.share || p.a - q.a || p.b - q.b);
  const [first] = pairs;
  const most = first === undefined ? "" : `; most alike ${first.a} and ${first.b} with ${formatFixed(first.share, 2)}`;
  return {
    title: "Latents that fire together",
    caption: `Jaccard index among ${count} latents of the first pairs, those that fire together side by side; ${counted}`,
    legend: heatClasses,
    large: true,
    svg: heatMapChart({ names: Array.from(latents, String), values: jaccard }),
    description: `Heat map of the Jaccard index among ${count} latents: ${formatCount(pairs.length)} of their pairs fire together${most}.`,
    data: {
      columns: ["Latent", "Latent", "Jaccard index"],
      rows: pairs
        .slice(0, PAIRS_LISTED)
        .map(({ a, b, share }) => [formatIndex(a), formatIndex(b), formatFixed(share, 3)]),
    },
  };
}

function pairsPanel(title: string, caption: string, pairs: readonly LatentPair[], most: number): readonly TablePanel[] {
  if (pairs.length === 0) return [];
  return [
    {
      title,
      caption: `${caption}; the first ${Math.min(most, pairs.length)}`,
      columns: ["Latents", "Together", "Jaccard", "Lift"],
      rows: pairs
        .slice(0, most)
        .map(({ a, b, together, jaccard, lift }) => [
          `${formatIndex(a)}, ${formatIndex(b)}`,
          formatCount(together),
          formatFixed(jaccard, 3),
          formatSignificant(lift),
        ]),
    },
  ];
}
