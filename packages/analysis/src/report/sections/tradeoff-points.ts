/** Where SAEs stand between size and FVU, and where rounding would put them. */
import type { CostPoint, SaePoint } from "../charts/tradeoff-chart.ts";
import type { ReportSae } from "../report-input.ts";
import type { SeriesStyle } from "../series-styles.ts";
import { isPlottable } from "../is-plottable.ts";

/** What claims to be smaller is no SAE and has no place on a logarithmic axis. */
const LEAST_COST = 1e-3;

type StyleOf = (name: string) => SeriesStyle;

/** FVU over bits per weight, of the SAEs that have both. */
export function bitsPoints(saes: readonly ReportSae[], styleOf: StyleOf): readonly SaePoint[] {
  return saePoints(saes, styleOf, ({ summary }) => summary?.bits_per_weight);
}

/** FVU over the size of the file. */
export function bytesPoints(saes: readonly ReportSae[], styleOf: StyleOf): readonly SaePoint[] {
  return saePoints(saes, styleOf, ({ summary }) => summary?.bytes);
}

function saePoints(
  saes: readonly ReportSae[],
  styleOf: StyleOf,
  costOf: (sae: ReportSae) => number | undefined,
): readonly SaePoint[] {
  return saes.flatMap((sae): SaePoint[] => {
    const { name, summary } = sae;
    const [cost, fvu] = [costOf(sae), summary?.fvu];
    return isShown(cost, fvu) ? [{ name, style: styleOf(name), cost: cost!, fvu: fvu! }] : [];
  });
}

/** FVU of an SAE with rounded weights over their bits, narrowest first. */
export function roundedPoints({ rounded = [] }: ReportSae): readonly (CostPoint & { readonly name: string })[] {
  return rounded
    .filter(({ bits_per_weight: bits, fvu }) => isShown(bits, fvu))
    .map(({ quantizer, bits_per_weight: cost, fvu }) => ({ name: quantizer, cost, fvu }))
    .sort((a, b) => a.cost - b.cost);
}

/**
 * The same over the size that a file would have: its own, less its weights, plus the rounded ones. None where its size is not
 * known.
 */
export function roundedBytesPoints(sae: ReportSae): readonly CostPoint[] {
  const { bytes, bits_per_weight: bits, d_in: dIn, d_sae: dSae } = sae.summary ?? {};
  if (bytes === undefined || bits === undefined || dIn === undefined || dSae === undefined) return [];
  const weights = 2 * dIn * dSae;
  return roundedPoints(sae)
    .map(({ cost, fvu }) => ({ cost: bytes + ((cost - bits) * weights) / 8, fvu }))
    .filter(({ cost, fvu }) => isShown(cost, fvu));
}

function isShown(cost: number | undefined, fvu: number | undefined): boolean {
  return cost !== undefined && fvu !== undefined && isPlottable(cost) && isPlottable(fvu) && cost > LEAST_COST;
}
