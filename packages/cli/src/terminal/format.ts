/** Numbers as the command line prints them: the same in every locale. */

/** `12345` -> `12,345` */
export function count(value: number): string {
  return new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 }).format(value);
}

/** In powers of 1000: `1234567` -> `1.23 MB` */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 }).format(value / 1000 ** power)} ${units[power]!}`;
}

/** `83` -> `1:23`, `3723` -> `1:02:03` */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** FVU to four decimals, where the differences between methods are. */
export function fvu(value: number): string {
  return value.toFixed(4);
}

/** `0.6213` -> `62.1 %` */
export function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)} %`;
}

/** With its sign, the size as `format` writes it: `-0.0123`, `+3`; what is written as zero has none. */
export function signed(value: number, format: (size: number) => string): string {
  const size = format(Math.abs(value));
  return /[1-9]/.test(size) ? `${value < 0 ? "-" : "+"}${size}` : size;
}

/** A ratio: `0.615` -> `x 0.62` */
export function times(ratio: number): string {
  return `x ${ratio.toFixed(2)}`;
}

/** In the place of a figure that was not measured. */
export const ABSENT = "-";

export function shown(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? ABSENT : format(value);
}
