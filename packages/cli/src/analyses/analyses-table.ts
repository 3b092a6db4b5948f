import { count, fvu } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";
import type { LatentAnalysis } from "./latent-analysis.ts";
import type { ReferenceAnalysis } from "./reference-analysis.ts";

export interface AnalyzedSae extends LatentAnalysis {
  readonly name: string;
  readonly reference?: ReferenceAnalysis;
}

const ABSENT = "-";

/** One row per SAE: its latents and atoms. */
export function latentsTable(saes: readonly AnalyzedSae[]): TableData {
  const above = saes[0]?.cosines.redundant_above;
  return {
    columns: ["", "L0 of 5-95 %\nof tokens", "nearest\ncosine", `atoms in pairs\nabove ${above}`, "zero\natoms"],
    rows: saes.map(({ name, l0_quantiles: l0, cosines }) => [
      name,
      l0.p05 === l0.p95 ? count(l0.p05) : `${count(l0.p05)}-${count(l0.p95)}`,
      cosines.mean_nearest.toFixed(3),
      count(cosines.redundant_atoms),
      count(cosines.zero_atoms),
    ]),
  };
}

/** One row per SAE: what became of the reference in it. */
export function referenceTable(saes: readonly AnalyzedSae[]): TableData {
  return {
    columns: ["", "MMCS", "same\natoms", "active latents\nkept", "FVU\nincrease", "foretold\nfrom atoms"],
    rows: saes.flatMap(({ name, reference }) => {
      if (reference === undefined) return [];
      const { cosines, support, fvu_increase: increase } = reference;
      return [
        [
          name,
          cosines.mmcs.toFixed(3),
          percent(cosines.overlap),
          support === undefined ? ABSENT : percent(support.overlap),
          increase === undefined ? ABSENT : fvu(increase.measured),
          increase === undefined ? ABSENT : fvu(increase.predicted),
        ],
      ];
    }),
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
