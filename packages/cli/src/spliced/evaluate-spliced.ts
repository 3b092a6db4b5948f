/** A language model with SAEs, as they are stored, in the place of its activations. */
import { ceRecoveredByEach, type CeRecovered } from "@qsae/analysis";
import type { TokenWindows } from "@qsae/core";
import { openSplicedModel, readTokenWindows, windowsOfText } from "@qsae/data";
import { encodePackedSae, loadSae, UsageError, type PackedSae } from "@qsae/runtime";
import type { Progress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { SplicePlan } from "./splice-plan.ts";

export interface SplicedEvaluation extends CeRecovered {
  readonly model: string;
  /** Name of the tensor that was replaced. */
  readonly hook: string;
}

export interface EvaluateSplicedOptions {
  readonly terminal: Pick<Terminal, "progress">;
  /** Activations whose windows are used where the plan has no text. */
  readonly data: string;
  readonly signal: AbortSignal;
}

/**
 * One entry per SAE, all of one pass of the model. Throws as `openSplicedModel`, `windowsOfText` and `ceRecoveredByEach`;
 * UsageError if neither text nor activations give windows.
 */
export async function evaluateSpliced(
  plan: SplicePlan,
  saes: readonly PackedSae[],
  { terminal, data, signal }: EvaluateSplicedOptions,
): Promise<readonly SplicedEvaluation[]> {
  const model = await openHook(plan);
  try {
    const windows = await windowsOf(plan, model.vocabulary, data, signal);
    let progress: Progress | undefined;
    const loaded = saes.map((packed) => loadSae(encodePackedSae(packed)));
    const figures = await ceRecoveredByEach(model, loaded, windows, {
      ablation: plan.ablation,
      signal,
      onProgress: ({ windows: done, totalWindows }) => {
        progress ??= terminal.progress({ label: "in the model", total: totalWindows * windows.context });
        progress.update(done * windows.context);
      },
    }).finally(() => progress?.stop());
    return figures.map((each) => ({ model: plan.modelPath, hook: model.hook, ...each }));
  } finally {
    await model.close();
  }
}

async function openHook({ modelPath, hook, hookOfSae }: SplicePlan) {
  try {
    return await openSplicedModel({ modelPath, hook });
  } catch (error) {
    if (hookOfSae === undefined || !(error instanceof UsageError)) throw error;
    throw new UsageError(`${error.message} (the SAE says its hook is "${hookOfSae}"; --hook NAME says otherwise)`);
  }
}

async function windowsOf(
  { text, tokenizerDir, contextLength, maxWindows }: SplicePlan,
  vocabulary: number,
  data: string,
  signal: AbortSignal,
): Promise<TokenWindows> {
  if (text !== undefined) {
    return windowsOfText({ ...text, tokenizerDir, contextLength, maxWindows, vocabulary, signal });
  }
  const windows = await readTokenWindows(data);
  if (windows === undefined) {
    throw new UsageError(`--model: --text FILE is missing, and ${data} does not have the windows it was harvested on`);
  }
  const count = Math.min(windows.count, maxWindows);
  return { ...windows, ids: windows.ids.subarray(0, count * windows.context), count };
}
