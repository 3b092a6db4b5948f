/** The tokens of the activations that are evaluated, for the contexts of latents. */
import { join } from "node:path";
import type { TokenTexts } from "@qsae/core";
import { readTokenTexts } from "@qsae/data";
import type { ModelFlags } from "../commands/shared-options.ts";
import { kindOfPath } from "../files/kind-of-path.ts";
import type { SplicePlan } from "../spliced/splice-plan.ts";

/**
 * @param path of the activations
 * @returns undefined where the file has no tokens; numbers in the place of text where there is no tokenizer
 * @throws as `readTokenTexts`
 */
export async function tokenTextsOf(
  path: string,
  { tokenizer }: Pick<ModelFlags, "tokenizer">,
  plan: SplicePlan | undefined,
): Promise<TokenTexts | undefined> {
  return readTokenTexts(path, tokenizer ?? (await tokenizerOfModel(plan)));
}

/** Beside the model, if there is one. */
async function tokenizerOfModel(plan: SplicePlan | undefined): Promise<string | undefined> {
  if (plan === undefined) return undefined;
  return (await kindOfPath(join(plan.tokenizerDir, "tokenizer.json"))) === "file" ? plan.tokenizerDir : undefined;
}
