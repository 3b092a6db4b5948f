/** What a language model loses with each of several SAEs in the place of its activations. */
import type { ReportSae } from "@qsae/analysis";
import { count } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";

type Spliced = Pick<ReportSae, "name" | "crossEntropy">;

/** One row per SAE; undefined where there was no model. */
export function splicedTable(saes: readonly Spliced[]): TableData | undefined {
  const rows = saes.flatMap(({ name, crossEntropy: ce }) =>
    ce === undefined
      ? []
      : [
          [
            name,
            ce.ce_recovered.toFixed(4),
            ce.ce_spliced.toFixed(4),
            (ce.ce_spliced - ce.ce_clean).toFixed(4),
            ce.kl_spliced.toFixed(4),
          ],
        ],
  );
  if (rows.length === 0) return undefined;
  return { columns: ["", "CE\nrecovered", "cross-entropy\nwith it", "above\nclean", "KL from\nclean"], rows };
}

/** What the figures are relative to; undefined where there was no model. */
export function splicedWords(saes: readonly Spliced[]): string | undefined {
  const ce = saes.find(({ crossEntropy }) => crossEntropy)?.crossEntropy;
  if (ce === undefined) return undefined;
  return (
    `cross-entropy: ${ce.ce_clean.toFixed(4)} clean, ${ce.ce_ablated.toFixed(4)} with ${ce.ablation} ablation (nats per token), ` +
    `on ${count(ce.tokens)} predicted tokens`
  );
}
