/** One colour per name across the whole report, from the eight of the style sheet; beyond eight, lines are dashed as well. */
export interface SeriesStyle {
  /** A CSS colour. */
  readonly color: string;
  /** `stroke-dasharray` of lines; absent: solid. */
  readonly dash?: string;
}

const COLORS = 8;
const DASHES = ["5 3", "1.5 3", "8 3 1.5 3"];

/** Styles by name, in order of first appearance. */
export function seriesStyles(names: readonly string[]): ReadonlyMap<string, SeriesStyle> {
  return new Map(
    [...new Set(names)].map((name, i): [string, SeriesStyle] => {
      const color = `var(--series-${(i % COLORS) + 1})`;
      const round = Math.floor(i / COLORS);
      return [name, round === 0 ? { color } : { color, dash: DASHES[(round - 1) % DASHES.length]! }];
    }),
  );
}
