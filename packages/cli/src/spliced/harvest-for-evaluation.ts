/** Activations of the model that an SAE is evaluated in, where no file of them is given. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { harvest, type HarvestText } from "@qsae/data";
import type { Terminal } from "../terminal/terminal.ts";
import type { Progress } from "../terminal/progress.ts";
import type { SplicePlan } from "./splice-plan.ts";

/** A temporary file; `remove` deletes it. */
export interface HarvestedFile {
  readonly path: string;
  remove(): Promise<void>;
}

/** Those of the positions that are spliced, in the same windows, unrounded. Throws as `harvest`. */
export async function harvestForEvaluation(
  plan: SplicePlan,
  text: HarvestText,
  { terminal, signal }: { readonly terminal: Pick<Terminal, "progress">; readonly signal: AbortSignal },
): Promise<HarvestedFile> {
  const folder = await mkdtemp(join(tmpdir(), "qsae-eval-"));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const { modelPath, tokenizerDir, hook, contextLength, maxWindows } = plan;
  let progress: Progress | undefined;
  try {
    const { path } = await harvest({
      ...text,
      modelPath,
      tokenizerDir,
      hook,
      contextLength,
      ...(maxWindows !== Infinity && { maxTokens: maxWindows * (contextLength - 1) }),
      outPath: join(folder, "activations.safetensors"),
      dtype: "float32",
      signal,
      onProgress: ({ tokens, totalTokens }) => {
        progress ??= terminal.progress({ label: "harvest", total: totalTokens });
        progress.update(tokens);
      },
    });
    return { path, remove };
  } catch (error) {
    await remove();
    throw error;
  } finally {
    progress?.stop();
  }
}
