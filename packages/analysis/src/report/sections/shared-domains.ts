/** Horizontal axes that the figures of several SAEs share, so that they compare at a glance. */
import { extentOf } from "../charts/axis.ts";
import type { ReportSae } from "../report-input.ts";
import { isPlottable } from "../is-plottable.ts";

export interface SharedDomains {
  /** Absent where no SAE has norms. */
  readonly atomNorm?: readonly [number, number];
  /** Begins at 0. */
  readonly quantizationError?: readonly [number, number];
}

export function sharedDomains(saes: readonly ReportSae[]): SharedDomains {
  const atomNorm = extentOfAll(saes.map((sae) => sae.atomNorms));
  const error = extentOfAll(saes.map((sae) => sae.quantizationError));
  return {
    ...(atomNorm !== undefined && { atomNorm: widened(atomNorm) }),
    ...(error !== undefined && { quantizationError: [0, error[1] > 0 ? error[1] : 1] }),
  };
}

/** Norms that are all but equal, as of normalised atoms, would fill a chart with rounding noise. */
function widened([low, high]: readonly [number, number]): readonly [number, number] {
  const least = 0.05 * Math.abs(high) || 1;
  return high - low >= least ? [low, high] : [low - least, high + least];
}

function extentOfAll(lists: readonly (ArrayLike<number> | undefined)[]): readonly [number, number] | undefined {
  const extents = lists.flatMap((list) =>
    list === undefined ? [] : (extentOf(Array.from(list).filter(isPlottable)) ?? []),
  );
  return extentOf(extents);
}
