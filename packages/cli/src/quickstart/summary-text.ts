import { evaluationTable } from "../evaluation/evaluation-table.ts";
import { runFiles } from "../runs/run-files.ts";
import { bytes, clock, count, fvu } from "../terminal/format.ts";
import { renderTable } from "../terminal/table.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Outcome } from "./outcome.ts";

export interface SummaryOptions {
  readonly folder: string;
  readonly report: string;
  readonly elapsedMs: number;
  readonly terminal: Pick<Terminal, "columns" | "colors">;
}

/** What a quickstart says at its end: the table, what it means, what was written. */
export function summaryText({ saes, trainTokens, heldoutTokens }: Outcome, options: SummaryOptions): string {
  const { folder, report, elapsedMs, terminal } = options;
  const [float, naive, ternary] = saes.map(({ summary }) => fvu(summary.fvu));
  const runs = saes.flatMap(({ run }) => (run === undefined ? [] : [runFiles(run)]));
  return [
    "",
    renderTable(evaluationTable(saes), { width: terminal.columns, colors: terminal.colors }),
    "",
    `Measured with the stored weights on ${count(heldoutTokens)} held-out tokens; trained on ${count(trainTokens)}.`,
    `Trained ternary: FVU ${ternary}, against ${naive} by rounding the float SAE (${float}).`,
    "The ternary one starts from the float one's weights, which beats starting from scratch with as many steps.",
    "Bits per weight: of the quantized matrices; the rest of a file is float. Tokens per second: encode and decode.",
    "",
    `Wrote to ${folder}, in ${clock(elapsedMs / 1000)}:`,
    ...saes.map(({ path, bytes: size }) => `  ${path}  ${bytes(size)}`),
    ...runs.flatMap(({ metrics, checkpoint }) => [`  ${metrics}`, `  ${checkpoint}`]),
    `  ${report}  <- open this one in a browser`,
  ].join("\n");
}
