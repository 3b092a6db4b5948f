/** What changes from one SAE to another on the same data. */
import type { ReportSae } from "@qsae/analysis";
import { withoutAbsent } from "../config/without-absent.ts";
import { count, fvu, shown, signed, times } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";

/** Differences (later minus first) and ratios (later over first); absent where one side was not measured. */
export interface Differences {
  readonly fvu?: number;
  readonly l0?: number;
  readonly dead?: number;
  readonly dense?: number;
  readonly bits_per_weight?: number;
  readonly bytes?: number;
  readonly bytes_ratio?: number;
  readonly tokens_per_second_ratio?: number;
  readonly ce_recovered?: number;
  /** Of KL(clean || spliced). */
  readonly kl_spliced?: number;
}

export function differences(first: ReportSae, later: ReportSae): Differences {
  const [a, b] = [first.summary ?? {}, later.summary ?? {}];
  return withoutAbsent({
    fvu: difference(a.fvu, b.fvu),
    l0: difference(a.l0, b.l0),
    dead: difference(a.dead, b.dead),
    dense: difference(a.dense, b.dense),
    bits_per_weight: difference(a.bits_per_weight, b.bits_per_weight),
    bytes: difference(a.bytes, b.bytes),
    bytes_ratio: ratio(a.bytes, b.bytes),
    tokens_per_second_ratio: ratio(a.tokens_per_second, b.tokens_per_second),
    ce_recovered: difference(first.crossEntropy?.ce_recovered, later.crossEntropy?.ce_recovered),
    kl_spliced: difference(first.crossEntropy?.kl_spliced, later.crossEntropy?.kl_spliced),
  });
}

/** One row per SAE but the first. */
export function differencesTable(first: ReportSae, others: readonly ReportSae[]): TableData {
  const inModel = first.crossEntropy !== undefined;
  return {
    columns: [
      `against\n${first.name}`,
      "FVU",
      "L0",
      "dead",
      "bits/\nweight",
      "file",
      "speed",
      ...(inModel ? ["CE re-\ncovered", "KL"] : []),
    ],
    rows: others.map((other) => {
      const change = differences(first, other);
      return [
        other.name,
        shown(change.fvu, (value) => signed(value, fvu)),
        shown(change.l0, (value) => signed(value, (size) => size.toFixed(1))),
        shown(change.dead, (value) => signed(value, count)),
        shown(change.bits_per_weight, (value) => signed(value, (size) => size.toFixed(2))),
        shown(change.bytes_ratio, times),
        shown(change.tokens_per_second_ratio, times),
        ...(inModel
          ? [change.ce_recovered, change.kl_spliced].map((value) => shown(value, (each) => signed(each, fvu)))
          : []),
      ];
    }),
  };
}

function difference(first: number | undefined, later: number | undefined): number | undefined {
  return first === undefined || later === undefined ? undefined : later - first;
}

function ratio(first: number | undefined, later: number | undefined): number | undefined {
  return first === undefined || later === undefined || first === 0 ? undefined : later / first;
}
