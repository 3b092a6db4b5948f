/** A language model with an SAE, as it is stored, in the place of its activations. */
import { ceRecovered, type CeRecovered } from "@qsae/analysis";
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

/** Throws as `openSplicedModel`, `windowsOfText` and `ceRecovered`; UsageError if neither text nor activations give windows. */
export async function evaluateSpliced(
  plan: SplicePlan,
  packed: PackedSae,
  { terminal, data, signal }: EvaluateSplicedOptions,
): Promise<SplicedEvaluation> {
  const model = await openHook(plan);
  try {
    const windows = await windowsOf(plan, model.vocabulary, data, signal);
    let progress: Progress | undefined;
    const figures = await ceRecovered(model, loadSae(encodePackedSae(packed)), windows, {
      ablation: plan.ablation,
      signal,
      onProgress: ({ windows: done, totalWindows }) => {
        progress ??= terminal.progress({ label: "in the model", total: totalWindows * windows.context });
        progress.update(done * windows.context);
      },
    }).finally(() => progress?.stop());
    return { model: plan.modelPath, hook: model.hook, ...figures };
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
