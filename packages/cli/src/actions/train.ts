/** `qsae train`: options and configuration to a run, fresh or resumed. */
import { basename, resolve } from "node:path";
import { openBackend, parseTrainingConfig } from "@qsae/core";
import { UsageError } from "@qsae/runtime";
import { catalogOf } from "../catalog.ts";
import type { TrainFlags } from "../commands/train.ts";
import type { QsaeConfig } from "../config/define-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { withoutAbsent } from "../config/without-absent.ts";
import { interruptible } from "../errors/interrupted.ts";
import { openActivationFiles, type ActivationFiles } from "../files/open-activation-files.ts";
import { evaluatePacked } from "../evaluation/evaluate-packed.ts";
import { heldoutFiles } from "../evaluation/heldout-files.ts";
import { storedMetrics } from "../evaluation/stored-metrics.ts";
import { requireTargetsOnBothSides } from "../evaluation/targets-on-both-sides.ts";
import { mergeOptions } from "../runs/merge-options.ts";
import { reportRun } from "../runs/report-run.ts";
import { runTraining } from "../runs/run-training.ts";
import { storedRun } from "../runs/stored-run.ts";
import { noteDifferences, variantOf } from "../runs/variant-of-run.ts";
import { readWarmStart } from "../runs/warm-start.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";

export async function train(flags: TrainFlags): Promise<void> {
  const terminal = openTerminal(flags);
  const project = await loadConfig(flags.config);
  const folder = required(flags.out ?? project.out, "--out FOLDER", "where the run is written");
  const stored = await storedRun(folder, flags);
  const config = mergeOptions(stored ? { ...valuesOf(project), ...stored.config } : project, flags);
  const catalog = catalogOf(config);
  const data = required(config.data, "--data FILE", "activations to train on");

  requireTargetsOnBothSides("train", config);
  const { tensor, target, targetTensor } = config;
  const source = await openActivationFiles({ ...withoutAbsent({ tensor, target, targetTensor }), data });
  try {
    // A finished start is in the checkpoint already.
    const start =
      config.from !== undefined && !stored?.checkpoint ? await readWarmStart(config.from, catalog) : undefined;
    const variant = variantOf(config, source, start, catalog);
    if (start) noteDifferences(terminal, start, variant, config.from!);
    const backend = await openBackend(config.backend ?? "auto");
    try {
      const finished = await interruptible("stopping after this step", (signal) =>
        runTraining({
          folder,
          label: variant.id,
          backend,
          variant,
          source,
          training: parseTrainingConfig(config.training ?? {}),
          catalog,
          origin: config,
          terminal,
          signal,
          ...(stored?.checkpoint ? { resume: stored.checkpoint } : {}),
          ...(start ? { warmStart: start.tensors } : {}),
          // A resumed run says so too: its files are those of an uninterrupted one.
          ...(config.from === undefined ? {} : { provenance: { from: basename(resolve(config.from)) } }),
          ...(config.heldout === undefined
            ? {}
            : { measure: heldOut(heldoutFiles("train", {}, config), terminal, signal) }),
        }),
      );
      reportRun(terminal, { folder, variant, run: finished, heldout: config.heldout });
    } finally {
      await backend.close();
    }
  } finally {
    await source.close();
  }
}

/** What a resumed run cannot store: values, and what it is measured on. The rest is as it was when it started. */
function valuesOf({ quantizers, variants, heldout, heldoutTarget }: QsaeConfig): QsaeConfig {
  return withoutAbsent({ quantizers, variants, heldout, heldoutTarget });
}

function required<T>(value: T | undefined, option: string, what: string): T {
  if (value === undefined) throw new UsageError(`train: ${option} is missing (${what}); see qsae train --help`);
  return value;
}

function heldOut(files: ActivationFiles, terminal: Terminal, signal: AbortSignal) {
  return async (sae: Parameters<typeof evaluatePacked>[0]): Promise<Record<string, number>> => {
    const source = await openActivationFiles(files);
    try {
      const { summary } = await evaluatePacked(sae, source, { terminal, label: "held out", signal });
      return storedMetrics(summary);
    } finally {
      await source.close();
    }
  };
}
