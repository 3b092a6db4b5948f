/** Axes of what an SAE costs: both are logarithmic. */
import { formatBytes } from "../format.ts";
import { logAxis, type Axis } from "./axis.ts";

/** Ticks at doublings where there are at least two. */
export function bitsAxis(extent: readonly [number, number]): Axis {
  const axis = logAxis(extent, { label: "bits per weight (log scale)" });
  const doublings = Array.from({ length: 16 }, (_, i) => 2 ** (i - 4)).filter(
    (bits) => bits >= axis.domain[0] && bits <= axis.domain[1],
  );
  return { ...axis, ticks: doublings.length >= 2 ? doublings : axis.ticks };
}

export function bytesAxis(extent: readonly [number, number]): Axis {
  return logAxis(extent, { label: "size of the file (log scale)", format: formatBytes });
}
