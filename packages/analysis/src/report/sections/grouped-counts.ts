/** Counts by integer value, gathered into at most 60 bars of equally many values. */
export interface GroupedCounts {
  /** Halfway between integers, so that a bar stands over its values. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** `7`, or `6 to 9` */
  readonly names: readonly string[];
}

const MOST_BARS = 60;

/** @param histogram `histogram[v]` things have value v; not all 0, else there is one empty bar at 0 */
export function groupedCounts(histogram: ArrayLike<number>): GroupedCounts {
  const all = Array.from(histogram, (count) => (count > 0 ? count : 0));
  const first = Math.max(
    0,
    all.findIndex((count) => count > 0),
  );
  const last = Math.max(
    first,
    all.findLastIndex((count) => count > 0),
  );
  const width = Math.ceil((last - first + 1) / MOST_BARS);
  const bars = Math.ceil((last - first + 1) / width);
  const starts = Array.from({ length: bars }, (_, b) => first + b * width);
  return {
    edges: [...starts, first + bars * width].map((value) => value - 0.5),
    counts: starts.map((start) => all.slice(start, start + width).reduce((sum, count) => sum + count, 0)),
    names: starts.map((start) => (width === 1 ? `${start}` : `${start} to ${start + width - 1}`)),
  };
}
