/** Activations of the quickstart's model, harvested once: files are named by a fingerprint of everything they depend on. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { DataSource } from "@qsae/core";
import { fileSha256, harvest, openActivations } from "@qsae/data";
import { FormatError } from "@qsae/runtime";
import { kindOfPath } from "../files/kind-of-path.ts";
import { count } from "../terminal/format.ts";
import type { Progress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { QuickstartModel } from "./find-model.ts";
import type { Recipe } from "./recipe.ts";

export interface HarvestWish {
  /** `train` or `heldout`: begins the file's name. */
  readonly name: string;
  readonly textPath: string;
  readonly tokens: number;
}

export interface HarvestContext {
  readonly recipe: Pick<Recipe, "hook" | "context">;
  readonly activationsFolder: string;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

export interface Harvested {
  readonly source: DataSource;
  readonly path: string;
  /** It was there already. */
  readonly reused: boolean;
}

/** Opens the activations, harvesting them first unless a whole file of the same fingerprint is there. */
export async function harvested(
  { folder, model }: QuickstartModel,
  { name, textPath, tokens }: HarvestWish,
  { recipe, activationsFolder, terminal, signal }: HarvestContext,
): Promise<Harvested> {
  const { hook, context } = recipe;
  const inputs = await Promise.all([model, join(folder, "tokenizer.json"), textPath].map(fileSha256));
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([...inputs, hook, context, tokens]))
    .digest("hex")
    .slice(0, 12);
  const path = join(activationsFolder, `${name}-${fingerprint}.safetensors`);
  const before = await openIfWhole(path, tokens);
  if (before) {
    terminal.note(`${name}: reusing ${count(before.tokens)} harvested tokens, ${path}`);
    return { source: before, path, reused: true };
  }
  let progress: Progress | undefined;
  await harvest({
    modelPath: model,
    tokenizerDir: folder,
    textPath,
    hook,
    contextLength: context,
    maxTokens: tokens,
    outPath: path,
    signal,
    onProgress: ({ tokens: done, totalTokens }) => {
      progress ??= terminal.progress({ label: `harvest ${name}`, total: totalTokens });
      progress.update(done);
    },
  }).finally(() => progress?.stop());
  return { source: await openActivations(path), path, reused: false };
}

/** A file that somebody has damaged is harvested again rather than complained about: it is ours. */
async function openIfWhole(path: string, tokens: number): Promise<DataSource | undefined> {
  if ((await kindOfPath(path)) !== "file") return undefined;
  try {
    const source = await openActivations(path);
    if (source.tokens <= tokens) return source;
    await source.close();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
  }
  return undefined;
}
