import type { ReportSae } from "@qsae/analysis";
import type { QuickstartModel } from "./find-model.ts";
import type { Recipe } from "./recipe.ts";
import type { MeasuredSae } from "./train-pair.ts";

/** What a quickstart made. */
export interface Outcome {
  readonly model: QuickstartModel;
  readonly recipe: Recipe;
  /** float, rounded, ternary, ternary with an int8 encoder. */
  readonly saes: readonly MeasuredSae[];
  /** Their analyses, the float SAE being what the others are compared with. */
  readonly analyses: readonly ReportSae[];
  readonly trainTokens: number;
  readonly heldoutTokens: number;
  /** Nothing had to be harvested. */
  readonly reusedActivations: boolean;
}

/** The outcome as JSON. */
export function resultsOf({ saes, trainTokens, heldoutTokens, reusedActivations }: Outcome): Record<string, unknown> {
  return {
    saes: saes.map(({ name, path, summary, trainingTokensPerSecond: rate }) => ({
      name,
      path,
      ...summary,
      ...(rate === undefined ? {} : { training_tokens_per_second: rate }),
    })),
    train_tokens: trainTokens,
    heldout_tokens: heldoutTokens,
    reused_activations: reusedActivations,
  };
}
