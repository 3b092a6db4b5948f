/** From a job to a trained, packed and evaluated SAE. */
import { evaluateStored, type EvaluationSummary } from "@qsae/analysis";
import { openBackend } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { encodePackedSae } from "@qsae/runtime";
import { lowerCheckpoint } from "@qsae/variants";
import type { Job, Outcome, TrainerReply } from "../job.ts";
import { presetOf } from "../presets.ts";
import { openData } from "./open-data.ts";
import { runStages } from "./run-stages.ts";

export interface JobContext {
  readonly reply: (message: TrainerReply) => void;
  readonly signal: AbortSignal;
  /** Lets messages in that wait, such as a wish to stop: training itself leaves no time for them. */
  readonly breathe: () => Promise<void>;
}

/**
 * @returns undefined if it was stopped before there was an SAE
 * @throws QsaeError of any kind, as the packages behind it do
 */
export async function runJob(job: Job, { reply, signal, breathe }: JobContext): Promise<Outcome | undefined> {
  const startedMs = performance.now();
  const preset = presetOf(job.preset);
  const { train, heldout } = await openData(job, { onProgress: reply, signal });
  reply({ kind: "data", trainTokens: train.tokens, heldoutTokens: heldout.tokens, dIn: train.dIn });
  const backend = await openBackend("auto");
  try {
    reply({ kind: "backend", description: backend.description });
    const catalog = { resolveQuantizer: quantizersByName() };
    const trained = await runStages(preset, job, {
      backend,
      catalog,
      source: train,
      signal,
      onStep: (step) => {
        reply({ kind: "step", ...step });
        return breathe();
      },
    });
    if (trained === undefined) return undefined;
    const packed = await lowerCheckpoint(backend.ops, trained.checkpoint, catalog);
    const doing = "Evaluating on held-out tokens";
    const { summary } = await evaluateStored({ name: preset.name, packed }, heldout, {
      ops: backend.ops,
      onProgress: ({ tokens: done, totalTokens: total }) => reply({ kind: "progress", doing, done, total }),
    });
    const description = { ...packed.description, metrics: metricsOf(summary) };
    const file = Uint8Array.from(encodePackedSae({ ...packed, description }));
    return {
      file,
      fileName: `${preset.id}.qsae.safetensors`,
      summary: { ...summary, bytes: file.length },
      stoppedEarly: trained.stoppedEarly,
      elapsedMs: performance.now() - startedMs,
    };
  } finally {
    await Promise.all([backend.close(), train.close(), heldout.close()]);
  }
}

/** What the file keeps of its evaluation, under the names that `qsae train` uses. */
function metricsOf({ fvu, l0, dead, tokens }: EvaluationSummary): Readonly<Record<string, number>> {
  return { fvu, l0, dead, tokens };
}
