/** How alike the atoms of one dictionary are. */
import type { CosinesWithin } from "../../cosine/cosines-within.ts";
import { NO_ATOM } from "../../cosine/nearest-atoms.ts";
import { linearAxis } from "../charts/axis.ts";
import type { Figure } from "../figure.ts";
import { formatCount, formatFixed } from "../format.ts";
import { isPlottable } from "../is-plottable.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { histogramFigure, valuesFigure } from "./histogram-figure.ts";

export function cosinesFigures(cosines: CosinesWithin, style: SeriesStyle): readonly Figure[] {
  const { nearest, redundantAbove, redundantAtoms, redundantPairs, histogram } = cosines;
  const pairs = histogram.counts.reduce((sum, count) => sum + count, 0);
  const redundant = `${formatCount(redundantPairs)} pairs above ${formatFixed(redundantAbove, 2)}`;
  const { edges } = histogram;
  return [
    ...valuesFigure(
      nearest.cosine.filter((_, j) => nearest.latent[j] !== NO_ATOM),
      {
        title: "Nearest neighbours",
        caption: `Cosine of every atom with the one most like it; ${formatCount(redundantAtoms)} atoms above ${formatFixed(redundantAbove, 2)}`,
        label: "cosine with the nearest atom",
        things: "atoms",
        style,
        domain: [0, 1],
        exact: true,
        mark: { x: redundantAbove, label: "redundant" },
      },
    ),
    ...(pairs > 0 && edges.every(isPlottable)
      ? [
          histogramFigure({
            title: "Cosines of all pairs",
            caption: `${formatCount(pairs)} pairs of atoms, counts on a log scale; ${redundant}`,
            description: `Histogram of the cosines of ${formatCount(pairs)} pairs of atoms on a log scale; ${redundant}.`,
            things: "pairs",
            histogram,
            style,
            x: linearAxis([edges[0]!, edges.at(-1)!], { label: "cosine", exact: true }),
            log: true,
            mark: { x: redundantAbove, label: "redundant" },
          }),
        ]
      : []),
  ];
}
