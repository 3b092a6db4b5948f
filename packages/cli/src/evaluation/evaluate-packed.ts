/** Evaluation of an SAE as it is stored, with its progress on the terminal. */
import { evaluateStored, type StoredEvaluation } from "@qsae/analysis";
import type { DataSource, TensorOps } from "@qsae/core";
import type { PackedSae } from "@qsae/runtime";
import type { Terminal } from "../terminal/terminal.ts";
import { withTokenProgress } from "./token-progress.ts";

export interface EvaluateOptions {
  readonly terminal: Pick<Terminal, "progress">;
  readonly label: string;
  readonly signal: AbortSignal;
  /** Encodes on a backend: for SAEs of any size. Default: in the runtime's interpreter. */
  readonly ops?: TensorOps;
}

export type EvaluatedSae = StoredEvaluation;

/**
 * @throws UsageError if SAE and data differ in width
 * @throws NonFiniteError naming file and row where the data are not finite
 */
export function evaluatePacked(
  { packed, bytes }: { readonly packed: PackedSae; readonly bytes: number },
  source: DataSource,
  { terminal, label, signal, ops }: EvaluateOptions,
): Promise<EvaluatedSae> {
  return withTokenProgress(terminal, label, source, (onProgress) =>
    evaluateStored({ name: label, packed, fileBytes: bytes }, source, { signal, onProgress, ...(ops && { ops }) }),
  );
}
