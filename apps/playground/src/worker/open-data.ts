/** Training and held-out activations of a job. */
import type { DataSource } from "@qsae/core";
import { harvestToBlob, openActivationsBlob } from "@qsae/data/browser";
import { UsageError } from "@qsae/runtime";
import type { Job, Progress } from "../job.ts";
import { MOST_HELD_OUT } from "../presets.ts";
import { CONTEXT, fetchHeldoutText, fetchModel, fetchTrainText, HOOK } from "./tiny-lm.ts";

export interface JobData {
  readonly train: DataSource;
  readonly heldout: DataSource;
}

export interface OpenDataOptions {
  readonly onProgress: (progress: Progress) => void;
  readonly signal: AbortSignal;
}

/** A short trial is evaluated on few tokens too: at most one for so many of training. */
const TRAIN_PER_HELD_OUT = 4;

/** @throws QsaeError if something cannot be fetched or read, UsageError if there is nothing to hold out */
export async function openData({ data, tokens }: Job, options: OpenDataOptions): Promise<JobData> {
  if (!Number.isInteger(tokens) || tokens < 1) {
    throw new UsageError(`training tokens: ${tokens}; expected an integer of at least 1`);
  }
  return data.kind === "tiny-lm" ? harvested(tokens, options) : ofFile(data.file, tokens);
}

async function harvested(tokens: number, { onProgress, signal }: OpenDataOptions): Promise<JobData> {
  onProgress({ kind: "progress", doing: "Fetching the language model", done: 0 });
  const [{ ort }, files, trainText, heldoutText] = await Promise.all([
    import("./onnxruntime.ts"),
    fetchModel(),
    fetchTrainText(),
    fetchHeldoutText(),
  ]);
  const harvest = async (text: typeof trainText, maxTokens: number, doing: string): Promise<DataSource> => {
    onProgress({ kind: "progress", doing, done: 0 });
    const { blob } = await harvestToBlob({
      ...files,
      ort,
      text,
      hook: HOOK,
      contextLength: CONTEXT,
      maxTokens,
      signal,
      onProgress: ({ tokens: done, totalTokens: total }) => onProgress({ kind: "progress", doing, done, total }),
    });
    return openActivationsBlob(blob, `activations of ${text.name}.safetensors`);
  };
  const train = await harvest(trainText, tokens, "Harvesting activations to train on");
  const mostHeldout = Math.max(2, Math.min(MOST_HELD_OUT, Math.floor(tokens / TRAIN_PER_HELD_OUT)));
  return { train, heldout: await harvest(heldoutText, mostHeldout, "Harvesting held-out activations") };
}

/** The last tenth is held out. */
async function ofFile(file: File, tokens: number): Promise<JobData> {
  const all = await openActivationsBlob(file, file.name);
  const heldout = Math.min(MOST_HELD_OUT, Math.floor(all.tokens / 10));
  // Fewer than 2 tokens do not vary.
  if (heldout < 2) {
    throw new UsageError(
      `${file.name}: ${all.tokens} activations; expected at least 20, a tenth of which are held out`,
    );
  }
  const from = all.tokens - heldout;
  return {
    train: await openActivationsBlob(file, file.name, { tokens: Math.min(tokens, from) }),
    heldout: await openActivationsBlob(file, file.name, { from, tokens: heldout }),
  };
}
