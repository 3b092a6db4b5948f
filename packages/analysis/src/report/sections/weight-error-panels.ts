/** Errors of single weights: of every matrix, and where rows have widths of their own, of every width. */
import type { MatrixErrors, WorstWeight } from "../../weights/weight-errors.ts";
import { formatCount, formatIndex, formatSignificant } from "../format.ts";
import { html, type HtmlValue } from "../html.ts";
import type { TablePanel } from "../table-panel.ts";
import type { WeightError } from "../../weights/weight-error.ts";

const MEASURES = ["Weights", "MSE", "Mean |ΔW|", "Max |ΔW|", "L2"];

export function weightErrorPanels(matrices: readonly MatrixErrors[]): readonly TablePanel[] {
  const mixed = matrices.filter(({ byBits }) => byBits.length > 1);
  return [
    ...(matrices.length > 0
      ? [
          {
            title: "Errors of weights",
            caption: "The weights as they are stored against those of the reference; beside them the single worst one",
            wide: true,
            columns: ["Matrix", ...MEASURES, "Worst weight", "Where"],
            rows: matrices.map((errors) => [errors.matrix, ...measures(errors), ...worstCells(errors.worst)]),
          },
        ]
      : []),
    ...(mixed.length > 0
      ? [
          {
            title: "Errors of weights by bits",
            caption: "Rows of one matrix have widths of their own; 0 bits: not stored",
            wide: true,
            columns: ["Matrix", "Bits", "Rows", ...MEASURES],
            rows: mixed.flatMap(({ matrix, byBits }) =>
              byBits.map((errors) => [
                matrix,
                formatSignificant(errors.bits),
                formatCount(errors.rows),
                ...measures(errors),
              ]),
            ),
          },
        ]
      : []),
  ];
}

function measures({ weights, mse, meanAbs, maxAbs, l2 }: WeightError): readonly string[] {
  return [formatCount(weights), ...[mse, meanAbs, maxAbs, l2].map(formatSignificant)];
}

function worstCells({ row, column, value, reference, bits, codes }: WorstWeight): readonly HtmlValue[] {
  const code =
    codes === undefined ? "" : `, ${codes.length === 1 ? "code" : "codes"} ${codes.map(formatIndex).join(", ")}`;
  return [
    html`${formatSignificant(value)} <small>for ${formatSignificant(reference)}</small>`,
    html`row ${formatIndex(row)}, column ${formatIndex(column)} <small>${formatSignificant(bits)} bits${code}</small>`,
  ];
}
