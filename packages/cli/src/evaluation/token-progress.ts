import type { EvaluationProgress } from "@qsae/analysis";
import type { DataSource } from "@qsae/core";
import type { Terminal } from "../terminal/terminal.ts";

/** Runs a pass over `source` and shows how far it is. */
export async function withTokenProgress<T>(
  terminal: Pick<Terminal, "progress">,
  label: string,
  source: Pick<DataSource, "tokens">,
  pass: (onProgress: (progress: EvaluationProgress) => void) => Promise<T>,
): Promise<T> {
  const progress = terminal.progress({ label, total: source.tokens });
  try {
    return await pass(({ tokens }) => progress.update(tokens));
  } finally {
    progress.stop();
  }
}
