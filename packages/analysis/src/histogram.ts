/** Counts of values in bins: bin b holds `edges[b] <= value < edges[b + 1]`, the last bin its upper edge too. */
export interface Histogram {
  /** `[bins + 1]` ascending. */
  readonly edges: readonly number[];
  /** `[bins]` */
  readonly counts: readonly number[];
  /** Values that are not finite or lie beyond the outer edges. */
  readonly outside: number;
}

/** Histogram of `values` over `bins` bins of equal width between `from` and `to`. */
export function equalWidthHistogram(values: ArrayLike<number>, from: number, to: number, bins: number): Histogram {
  const counts = new Array<number>(bins).fill(0);
  let outside = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value >= from && value <= to)
      counts[Math.min(bins - 1, Math.floor(((value - from) / (to - from)) * bins))]! += 1;
    else outside++;
  }
  const edges = Array.from({ length: bins + 1 }, (_, b) => from + ((to - from) * b) / bins);
  return { edges, counts, outside };
}
