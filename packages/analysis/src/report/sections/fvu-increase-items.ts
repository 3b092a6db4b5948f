/** Which latents suffer: what the errors of their atoms are predicted to add to FVU. */
import type { PredictedFvuIncrease } from "../../weights/predicted-fvu.ts";
import { logAxis } from "../charts/axis.ts";
import { curvesChart } from "../charts/curves-chart.ts";
import type { Figure } from "../figure.ts";
import { ABSENT, formatCount, formatFixed, formatIndex, formatShare, formatSignificant } from "../format.ts";
import type { ReportSae } from "../report-input.ts";
import type { SeriesStyle } from "../series-styles.ts";
import type { TablePanel } from "../table-panel.ts";
import { isPlottable } from "../is-plottable.ts";

const WORST_SHOWN = 12;
/** Ranks that are drawn, evenly spread on a logarithmic axis. */
const RANKS = 200;
/** Less would not fit on an axis with the rest. */
const LEAST = 1e-30;

export function fvuIncreaseItems(
  predicted: PredictedFvuIncrease,
  sae: ReportSae,
  style: SeriesStyle,
): readonly (Figure | TablePanel)[] {
  const falling = Array.from(predicted.perLatent)
    .filter((increase) => isPlottable(increase) && increase > LEAST)
    .sort((a, b) => b - a);
  return [
    ...(falling.length > 0 ? [increasesFigure(predicted, falling, style)] : []),
    ...(predicted.worst.length > 0 ? [worstPanel(predicted, sae)] : []),
  ];
}

function increasesFigure({ perLatent }: PredictedFvuIncrease, falling: readonly number[], style: SeriesStyle): Figure {
  const total = falling.reduce((sum, increase) => sum + increase, 0);
  const half = latentsForShare(falling, total / 2);
  const rest = perLatent.length - falling.length;
  const facts =
    `half of the increase comes from ${formatCount(half)} of ${formatCount(perLatent.length)} latents` +
    (rest > 0 ? `; ${formatCount(rest)} add nothing` : "");
  const points = spreadRanks(falling.length).map((rank) => ({ x: rank, y: falling[rank - 1]! }));
  const { svg } = curvesChart({
    curves: [{ name: "increase", style, points }],
    x: logAxis([1, Math.max(2, falling.length)], { label: "latents, the worst first (log scale)" }),
    logAbove: 1,
  });
  return {
    title: "FVU increase by latent",
    caption: `Predicted from the errors of atoms, log scale; ${facts}`,
    svg,
    description: `Falling curve of what each latent adds to FVU: the worst ${formatSignificant(falling[0])}, ${facts}.`,
    data: {
      columns: ["Latents", "The last of them adds", "Together"],
      rows: doublings(falling.length).map((count) => [
        count === 1 ? "the worst" : `the worst ${formatCount(count)}`,
        formatSignificant(falling[count - 1]),
        formatShare(falling.slice(0, count).reduce((sum, increase) => sum + increase, 0) / total),
      ]),
    },
  };
}

function worstPanel({ worst, total, squaredErrors }: PredictedFvuIncrease, sae: ReportSae): TablePanel {
  const { density, reference } = sae;
  const perLatent = reference?.support?.perLatent;
  return {
    title: "Latents that suffer most",
    caption: "By what the error of their atom is predicted to add to FVU",
    columns: ["Latent", "Adds", "Share", "|ΔW|²", "Fires on", "Overlap"],
    rows: worst
      .slice(0, WORST_SHOWN)
      .map(({ latent, increase }) => [
        formatIndex(latent),
        formatSignificant(increase),
        total > 0 ? formatShare(increase / total) : ABSENT,
        formatSignificant(squaredErrors[latent]),
        density === undefined ? ABSENT : formatShare((density.counts[latent] ?? NaN) / density.tokens),
        formatFixed(perLatent?.[latent], 3),
      ]),
  };
}

/** How many of the first make up `wanted`. */
function latentsForShare(falling: readonly number[], wanted: number): number {
  let sum = 0;
  return 1 + falling.findIndex((increase) => (sum += increase) >= wanted);
}

/** Ascending ranks from 1 to `count`. */
function spreadRanks(count: number): readonly number[] {
  const ranks = Array.from({ length: RANKS }, (_, r) => Math.round(count ** (r / (RANKS - 1))));
  return [...new Set(ranks)];
}

function doublings(count: number): readonly number[] {
  const powers = Array.from({ length: 1 + Math.floor(Math.log2(count)) }, (_, power) => 2 ** power);
  return powers.at(-1) === count ? powers : [...powers, count];
}
