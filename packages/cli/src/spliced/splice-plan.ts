/** What `--model` is to run: the model, its hook, and the text. */
import { readdir } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import type { HarvestText } from "@qsae/data";
import { FormatError, UsageError } from "@qsae/runtime";
import type { DataFlags, ModelFlags } from "../commands/shared-options.ts";
import { harvestText, hookOf } from "../files/harvest-text.ts";
import { kindOfPath } from "../files/kind-of-path.ts";
import type { QsaeConfig } from "../config/define-config.ts";
import type { OpenedSae } from "../open-sae.ts";

export interface SplicePlan {
  readonly modelPath: string;
  readonly tokenizerDir: string;
  readonly hook: string | number;
  /** What the SAE says of its training, where no hook was given. */
  readonly hookOfSae?: string;
  /** Absent: the windows that the activations were harvested on. */
  readonly text?: HarvestText;
  readonly contextLength: number;
  readonly maxWindows: number;
  readonly ablation: "mean" | "zero";
}

type SpliceFlags = ModelFlags & Pick<DataFlags, "data" | "target">;

const ONLY_WITH_MODEL = ["tokenizer", "text", "hook", "context", "windows", "ablation"] as const;

/**
 * @param saes to be put in the model, one after the other
 * @returns undefined where no model is given
 * @throws UsageError if an option needs the model, or the hook is nowhere said or not the same for all; FormatError if a folder
 * does not have one model
 */
export async function splicePlan(
  flags: SpliceFlags,
  { heldoutTarget }: QsaeConfig,
  saes: readonly Pick<OpenedSae, "name" | "packed">[],
): Promise<SplicePlan | undefined> {
  const { model, tokenizer, text, hook, context = 128, windows = Infinity, ablation = "mean", data } = flags;
  if (model === undefined) {
    const given = ONLY_WITH_MODEL.find((name) => flags[name] !== undefined);
    if (given === undefined) return undefined;
    throw new UsageError(
      `--${given}: --model PATH is missing; it belongs to the language model that the SAE is put in`,
    );
  }
  if (flags.target !== undefined || (data === undefined && heldoutTarget !== undefined)) {
    throw new UsageError(
      "--model: a transcoder (--target) makes something else of activations, so it cannot replace them",
    );
  }
  const needsText = (["context", "tokenizer"] as const).find((name) => flags[name] !== undefined);
  if (text === undefined && needsText !== undefined) {
    throw new UsageError(`--${needsText}: --text FILE is missing; the windows of --data are taken as they are`);
  }
  const hookOfSae = hook === undefined ? sharedHook(saes) : undefined;
  const name = hook ?? hookOfSae;
  if (name === undefined) {
    const who = saes.length === 1 ? "the SAE does not say where its" : "the SAEs do not say where their";
    throw new UsageError(`--model: --hook NAME is missing, and ${who} activations come from`);
  }
  const modelPath = await modelFile(model);
  return {
    modelPath,
    tokenizerDir: tokenizer ?? dirname(modelPath),
    hook: hookOf(name),
    ...(hookOfSae !== undefined && { hookOfSae }),
    ...(text !== undefined && { text: await harvestText(text) }),
    contextLength: context,
    maxWindows: windows,
    ablation,
  };
}

/** What those say that say something. @throws UsageError if they do not agree */
function sharedHook(saes: readonly Pick<OpenedSae, "name" | "packed">[]): string | undefined {
  const said = saes.flatMap(({ name, packed }) => {
    const hook = packed.description.provenance["hook"];
    return hook === undefined ? [] : [{ name, hook }];
  });
  const [first] = said;
  const other = said.find(({ hook }) => hook !== first?.hook);
  if (first === undefined || other === undefined) return first?.hook;
  throw new UsageError(
    `--model: --hook NAME is missing, and the SAEs say different ones (${first.name}: ${first.hook}, ${other.name}: ${other.hook})`,
  );
}

/** The model itself, or the only one in a folder. */
async function modelFile(path: string): Promise<string> {
  if ((await kindOfPath(path)) !== "folder") return path;
  const models = (await readdir(path)).filter((name) => extname(name).toLowerCase() === ".onnx").sort();
  if (models.length === 1) return join(path, models[0]!);
  throw new FormatError(
    path,
    models.length === 0
      ? "no ONNX model in this folder; expected a .onnx file"
      : `has the models ${models.join(", ")}; give the path of one`,
  );
}
