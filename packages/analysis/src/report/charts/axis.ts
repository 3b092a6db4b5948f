/** Domain, ticks and words of one axis. */
import { nice, ticks } from "d3-array";
import { tickFormatUpTo } from "../format.ts";

/** Below this, numbers lose precision before ticks can be told apart. */
const TINY = 1e-150;

export interface Axis {
  /** Absent: the title of the figure says it. */
  readonly label?: string;
  readonly domain: readonly [from: number, to: number];
  readonly log: boolean;
  readonly ticks: readonly number[];
  readonly format: (value: number) => string;
}

export interface AxisOptions {
  readonly label?: string;
  /** Makes the axis begin at 0. Default false. */
  readonly zero?: boolean;
  /** Keeps the domain as it is, with ticks inside, instead of widening it to ticks at both ends. Default false. */
  readonly exact?: boolean;
  /** About how many ticks. Default 5. */
  readonly ticks?: number;
  /** Default {@link tickFormatUpTo} the end of the axis. */
  readonly format?: (value: number) => string;
}

/** A linear axis over `extent`, widened to the ticks around it unless `exact`; of one value, to an interval around it. */
export function linearAxis([low, high]: readonly [number, number], options: AxisOptions): Axis {
  const { label, zero = false, exact = false, ticks: wanted = 5, format = tickFormatUpTo(high) } = options;
  const [from, to] = zero ? [Math.min(0, low), Math.max(0, high)] : [low, high];
  const size = Math.max(Math.abs(from), Math.abs(to));
  const isOneValue = to - from <= 1e-9 * size || size < TINY;
  const pad = size < TINY ? 1 : 0.1 * size;
  const given = isOneValue ? ([zero ? from : from - pad, to + pad] as const) : ([from, to] as const);
  const domain = exact ? given : nice(...given, wanted);
  return { ...named(label), log: false, domain, ticks: ticks(...domain, wanted), format };
}

/** A logarithmic axis over `extent`, both ends positive; ticks at 1, 2, 5 times powers of ten, fewer where it is long. */
export function logAxis([low, high]: readonly [number, number], options: AxisOptions): Axis {
  // one notation for all ticks: that of the smallest
  const { label, ticks: wanted = 5, format = tickFormatUpTo(low < 0.001 ? low : high) } = options;
  const domain = high > low ? ([low, high] as const) : ([low / 2, high * 2] as const);
  const from = Math.floor(Math.log10(domain[0]));
  const to = Math.ceil(Math.log10(domain[1]));
  const powers = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  const at = (digits: readonly number[]): readonly number[] =>
    powers
      .flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)))
      .filter((tick) => tick >= domain[0] && tick <= domain[1]);
  const decades = at([1]);
  const stride = Math.ceil(decades.length / (wanted + 1));
  const fine = at([1, 2, 5]);
  const sparse = decades.length >= 3 ? decades.filter((_, i) => i % stride === 0) : at([1, 3]);
  return { ...named(label), log: true, domain, ticks: fine.length <= wanted + 1 ? fine : sparse, format };
}

function named(label: string | undefined): Pick<Axis, "label"> {
  return label === undefined ? {} : { label };
}

/** Smallest and largest finite value; undefined if there is none. */
export function extentOf(values: Iterable<number>): readonly [number, number] | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : undefined;
}
