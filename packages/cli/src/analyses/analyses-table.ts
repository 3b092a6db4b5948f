import { l0Quantiles, type ReportSae } from "@qsae/analysis";
import { ABSENT, count, fvu, percent, shown } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";
import { meanNearest } from "./analysis-json.ts";

/** One row per SAE: its latents and atoms. */
export function latentsTable(saes: readonly ReportSae[]): TableData {
  const [first] = saes;
  const denseAbove = percent(first?.density?.denseAbove ?? 0, 0);
  return {
    columns: [
      "",
      "L0 of\n5-95 %",
      `dense\n> ${denseAbove}`,
      "shrink-\nage",
      "nearest\ncosine",
      `in pairs\n> ${first?.cosines?.redundantAbove}`,
      "zero\natoms",
    ],
    rows: saes.map(({ name, summary, l0, cosines }) => [
      name,
      l0 ? l0Range(l0) : ABSENT,
      shown(summary?.dense, count),
      shown(summary?.shrinkage, (value) => value.toFixed(3)),
      cosines ? meanNearest(cosines).toFixed(3) : ABSENT,
      shown(cosines?.redundantAtoms, count),
      shown(cosines?.zeroAtoms, count),
    ]),
  };
}

/** One row per SAE that was compared: what became of the reference in it; undefined where there was none. */
export function referenceTable(saes: readonly ReportSae[]): TableData | undefined {
  if (!saes.some(({ reference }) => reference)) return undefined;
  return {
    columns: ["", "MMCS", "same\natoms", "latents\nkept", "output\nerror", "FVU\nincrease", "foretold\nfrom atoms"],
    rows: saes.flatMap(({ name, reference }) => {
      if (reference === undefined) return [];
      const { cosines, support, outputError, fvuIncrease } = reference;
      return [
        [
          name,
          cosines.aInB.mmcs.toFixed(3),
          percent(cosines.aInB.overlap),
          shown(support?.overlap, percent),
          fvu(outputError),
          shown(fvuIncrease?.measured, fvu),
          shown(fvuIncrease?.predicted.total, fvu),
        ],
      ];
    }),
  };
}

function l0Range(l0: Parameters<typeof l0Quantiles>[0]): string {
  const { p05, p95 } = l0Quantiles(l0);
  return p05 === p95 ? count(p05) : `${count(p05)}-${count(p95)}`;
}
