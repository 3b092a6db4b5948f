/** Evaluation of an SAE as it is stored, with its progress on the terminal. */
import { evaluateStored, type StoredEvaluation } from "@qsae/analysis";
import type { DataSource } from "@qsae/core";
import type { PackedSae } from "@qsae/runtime";
import type { Terminal } from "../terminal/terminal.ts";
import { withTokenProgress } from "./token-progress.ts";

export interface EvaluateOptions {
  readonly terminal: Pick<Terminal, "progress">;
  readonly label: string;
  readonly signal: AbortSignal;
}

export type EvaluatedSae = StoredEvaluation;

/**
 * @throws UsageError if SAE and data differ in width
 * @throws NonFiniteError naming file and row where the data are not finite
 */
export function evaluatePacked(
  { packed, bytes }: { readonly packed: PackedSae; readonly bytes: number },
  source: DataSource,
  { terminal, label, signal }: EvaluateOptions,
): Promise<EvaluatedSae> {
  return withTokenProgress(terminal, label, source, (onProgress) =>
    evaluateStored({ name: label, packed, fileBytes: bytes }, source, { signal, onProgress }),
  );
}
