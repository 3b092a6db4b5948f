import type { EvaluationProgress } from "@qsae/analysis";
import type { DataSource } from "@qsae/core";
import type { Progress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** Runs a pass over `source` and shows how far it is, from its first batch on: what cannot begin shows nothing. */
export async function withTokenProgress<T>(
  terminal: Pick<Terminal, "progress">,
  label: string,
  source: Pick<DataSource, "tokens">,
  pass: (onProgress: (progress: EvaluationProgress) => void) => Promise<T>,
): Promise<T> {
  let progress: Progress | undefined;
  try {
    return await pass(({ tokens }) => {
      progress ??= terminal.progress({ label, total: source.tokens });
      progress.update(tokens);
    });
  } finally {
    progress?.stop();
  }
}
