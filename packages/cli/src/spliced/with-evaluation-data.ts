/** The activations that a command evaluates on: files, or where none are named, those of `--model` on `--text`. */
import type { DataSource } from "@qsae/core";
import type { DataFlags } from "../commands/shared-options.ts";
import type { QsaeConfig } from "../config/define-config.ts";
import { heldoutFiles } from "../evaluation/heldout-files.ts";
import { openActivationFiles, type ActivationFiles } from "../files/open-activation-files.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { harvestForEvaluation } from "./harvest-for-evaluation.ts";
import type { SplicePlan } from "./splice-plan.ts";

export interface EvaluationData {
  readonly source: DataSource;
  /** File that is encoded. */
  readonly path: string;
  /** As they were named; absent where the activations were harvested for this. */
  readonly files?: ActivationFiles;
}

export interface EvaluationDataOptions {
  /** For errors. */
  readonly command: string;
  readonly flags: DataFlags;
  readonly config: QsaeConfig;
  readonly plan: SplicePlan | undefined;
  readonly terminal: Pick<Terminal, "progress">;
  readonly signal: AbortSignal;
}

/**
 * Opens them for `use`, and closes and removes what is not needed any more.
 *
 * @throws UsageError if neither options nor configuration say where they are; FormatError as `openActivations`
 */
export async function withEvaluationData<T>(
  { command, flags, config, plan, terminal, signal }: EvaluationDataOptions,
  use: (data: EvaluationData) => Promise<T>,
): Promise<T> {
  const text = flags.data === undefined && config.heldout === undefined ? plan?.text : undefined;
  const harvested = plan && text && (await harvestForEvaluation(plan, text, { terminal, signal }));
  try {
    const files = heldoutFiles(command, harvested ? { ...flags, data: harvested.path } : flags, config);
    const source = await openActivationFiles(files);
    try {
      return await use({ source, path: files.data, ...(harvested === undefined && { files }) });
    } finally {
      await source.close();
    }
  } finally {
    await harvested?.remove();
  }
}
