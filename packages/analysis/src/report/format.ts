/** Numbers for people, the same in every locale. What is absent or not finite is an en dash. */

export const ABSENT = "–";

type Value = number | undefined;

/** `12345` -> `12,345` */
export function formatCount(value: Value): string {
  return formatted(value, new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 }));
}

/** A number that names something, such as a latent: without separators. */
export function formatIndex(value: Value): string {
  return value === undefined || !Number.isFinite(value) ? ABSENT : String(value);
}

/** With `digits` decimals: `formatFixed(0.5, 2)` -> `0.50`. */
export function formatFixed(value: Value, digits: number): string {
  return formatted(
    value,
    new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  );
}

/** To three significant digits: `0.0012345` -> `0.00123`, `123456` -> `123,000`, extremes as `1.23e-7`. */
export function formatSignificant(value: Value): string {
  const size = Math.abs(value ?? 0);
  const notation = size !== 0 && (size < 1e-4 || size >= 1e9) ? "scientific" : "standard";
  return formatted(value, new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3, notation })).toLowerCase();
}

/** FVU to four decimals, where the differences between methods are; small ones to three significant digits. */
export function formatFvu(value: Value): string {
  return value !== undefined && Math.abs(value) < 0.001 && value !== 0
    ? formatSignificant(value)
    : formatFixed(value, 4);
}

/** With a sign, as differences have one: `+0.0333`, `−0.0021`, `±0`. */
export function formatSigned(value: Value, formatSize: (size: number) => string): string {
  if (value === undefined || !Number.isFinite(value)) return ABSENT;
  if (value === 0) return "±0";
  return `${value > 0 ? "+" : "−"}${formatSize(Math.abs(value))}`;
}

export function formatSignedFvu(value: Value): string {
  return formatSigned(value, formatFvu);
}

/** `0.0123` -> `1.2%` */
export function formatShare(value: Value): string {
  return formatted(value, new Intl.NumberFormat("en-US", { style: "percent", maximumSignificantDigits: 2 }));
}

/** For an axis up to `end`: `1.5M`, `0.05`; where all is small, `2e-4` throughout, since zeros take space. */
export function tickFormatUpTo(end: number): (value: number) => string {
  const notation = Math.abs(end) < 0.01 ? "scientific" : "compact";
  const format = new Intl.NumberFormat("en-US", { notation, maximumSignificantDigits: 3 });
  return (value) => (value === 0 ? "0" : formatted(value, format).replace("E", "e"));
}

/** In powers of 1000: `1234567` -> `1.23 MB`. */
export function formatBytes(value: Value): string {
  if (value === undefined || !Number.isFinite(value)) return ABSENT;
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = value < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(value) / 3));
  return `${formatSignificant(value / 1000 ** power)} ${units[power]!}`;
}

/** `3723000` -> `1 h 2 min`, `61000` -> `1 min 1 s`, `1500` -> `1.5 s`. */
export function formatDuration(ms: Value): string {
  if (ms === undefined || !Number.isFinite(ms)) return ABSENT;
  if (ms < 60_000) return `${formatSignificant(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${formatCount(Math.floor(seconds / 3600))} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `24 November 2025, 05:42 UTC` */
export function formatDate(date: Date): string {
  const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" }).format(date);
  const time = new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: "UTC" }).format(date);
  return `${day}, ${time} UTC`;
}

function formatted(value: Value, format: Intl.NumberFormat): string {
  return value === undefined || !Number.isFinite(value) ? ABSENT : format.format(value);
}
