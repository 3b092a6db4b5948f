/** The figures of an evaluation that a packed file keeps, and those of its levels, which `inspect` reads back. */
import type { EvaluationSummary } from "@qsae/analysis";

/** Flat, as the format has it: `fvu`, `l0`, `dead`, `tokens`, and `fvu_level_1`, `l0_level_1`, ... of an SAE of several levels. */
export function storedMetrics({
  fvu,
  l0,
  dead,
  tokens,
  by_level: levels = [],
}: EvaluationSummary): Record<string, number> {
  const ofLevels = levels.flatMap(({ levels: used, ...level }): [string, number][] => [
    [nameOf("fvu", used), level.fvu],
    [nameOf("l0", used), level.l0],
  ]);
  return { fvu, l0, dead, tokens, ...Object.fromEntries(ofLevels) };
}

/** What was stored of the first `used` levels; absent where nothing was. */
export function storedOfLevel(
  metrics: Readonly<Record<string, number>>,
  used: number,
): { readonly fvu?: number; readonly l0?: number } {
  const [fvu, l0] = [metrics[nameOf("fvu", used)], metrics[nameOf("l0", used)]];
  return { ...(fvu !== undefined && { fvu }), ...(l0 !== undefined && { l0 }) };
}

/** The metrics without those of levels. */
export function withoutLevels(metrics: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(metrics).filter(([name]) => !OF_LEVEL.test(name)));
}

const OF_LEVEL = /^(fvu|l0)_level_\d+$/;

function nameOf(metric: "fvu" | "l0", used: number): string {
  return `${metric}_level_${used}`;
}
