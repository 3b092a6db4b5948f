import type { TokenWindows } from "@qsae/core";
import { UsageError } from "@qsae/runtime";

/** @throws UsageError if windows are not what they say, too short to predict anything, or beyond the model's vocabulary */
export function checkWindows(
  { ids, count, context }: TokenWindows,
  model: { readonly path: string; readonly vocabulary: number },
): void {
  if (!Number.isInteger(context) || context < 2) {
    throw new UsageError(
      `${model.path}: windows of ${context} tokens; at least 2 are needed, a token and the one it predicts`,
    );
  }
  if (!Number.isInteger(count) || count < 1 || ids.length !== count * context) {
    throw new UsageError(
      `${model.path}: ${ids.length} token ids; expected [${count}, ${context}] and at least 1 window`,
    );
  }
  const foreign = ids.findIndex((id) => id < 0 || id >= model.vocabulary);
  if (foreign >= 0) {
    throw new UsageError(
      `${model.path}: token id ${ids[foreign]!} in window ${Math.floor(foreign / context)} is not in the model's ` +
        `vocabulary of ${model.vocabulary}; the tokens belong to another model`,
    );
  }
}
