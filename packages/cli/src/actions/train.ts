/** `qsae train`: options and configuration to a run, fresh or resumed. */
import { resolve } from "node:path";
import { openBackend, parseTrainingConfig, type DataSource, type TrainingCheckpoint, type Variant } from "@qsae/core";
import { openActivations, readCheckpoint } from "@qsae/data";
import { bitsPerWeight, FormatError, UsageError } from "@qsae/runtime";
import { builtinVariants, variantByName, type VariantCatalog } from "@qsae/variants";
import { catalogOf } from "../catalog.ts";
import type { TrainFlags } from "../commands/train.ts";
import type { QsaeConfig } from "../config/define-config.ts";
import { loadConfig } from "../config/load-config.ts";
import { interruptible } from "../errors/interrupted.ts";
import { evaluatePacked } from "../evaluation/evaluate-packed.ts";
import { kindOfPath } from "../files/kind-of-path.ts";
import { mergeOptions } from "../runs/merge-options.ts";
import { runFiles } from "../runs/run-files.ts";
import { runTraining, type FinishedRun } from "../runs/run-training.ts";
import { readWarmStart, type WarmStart } from "../runs/warm-start.ts";
import { bytes, clock, count, fvu } from "../terminal/format.ts";
import { openTerminal, type Terminal } from "../terminal/terminal.ts";

export async function train(flags: TrainFlags): Promise<void> {
  const terminal = openTerminal(flags);
  const project = await loadConfig(flags.config);
  const folder = required(flags.out ?? project.out, "--out FOLDER", "where the run is written");
  const stored = await storedRun(folder, flags);
  const config = mergeOptions(stored ? { ...valuesOf(project), ...stored.config } : project, flags);
  const catalog = catalogOf(config);
  const data = required(config.data, "--data FILE", "activations to train on");

  const source = await openActivations(data, config.tensor === undefined ? {} : { tensor: config.tensor });
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
          ...(start ? { warmStart: start.tensors, provenance: { from: config.from! } } : {}),
          ...(config.heldout === undefined ? {} : { measure: heldOut(config.heldout, terminal, signal) }),
        }),
      );
      report(terminal, { folder, variant, run: finished, heldout: config.heldout });
    } finally {
      await backend.close();
    }
  } finally {
    await source.close();
  }
}

/** What a resumed run cannot store: values, and what it is measured on. The rest is as it was when it started. */
function valuesOf({ quantizers, variants, heldout }: QsaeConfig): QsaeConfig {
  return {
    ...(quantizers && { quantizers }),
    ...(variants && { variants }),
    ...(heldout !== undefined && { heldout }),
  };
}

function required<T>(value: T | undefined, option: string, what: string): T {
  if (value === undefined) throw new UsageError(`train: ${option} is missing (${what}); see qsae train --help`);
  return value;
}

interface StoredRun {
  readonly config: QsaeConfig;
  readonly checkpoint?: TrainingCheckpoint;
}

/**
 * What is in the folder already: with `--resume` the run to go on with, else nothing or an error.
 *
 * @throws UsageError if there is a run and neither --resume nor --overwrite
 * @throws FormatError if there is none and --resume
 */
async function storedRun(folder: string, { resume, overwrite }: TrainFlags): Promise<StoredRun | undefined> {
  if (resume && overwrite)
    throw new UsageError("train: --resume and --overwrite contradict each other; give one of them");
  const files = runFiles(folder);
  const [hasCheckpoint, hasPacked, hasConfig] = await Promise.all(
    [files.checkpoint, files.packed, files.config].map(async (path) => (await kindOfPath(path)) === "file"),
  );
  if (!resume) {
    // A configuration alone is of a run that failed before its first checkpoint: nothing is lost.
    if ((hasCheckpoint || hasPacked) && !overwrite) {
      throw new UsageError(
        `${folder} holds a run already; give --resume to go on with it, --overwrite to replace it, or another --out`,
      );
    }
    return undefined;
  }
  if (!hasCheckpoint && !hasConfig)
    throw new FormatError(
      folder,
      "no run to resume; expected what qsae train writes (config.json, checkpoint.safetensors)",
    );
  const config = hasConfig ? await loadConfig(files.config) : {};
  return hasCheckpoint ? { config, checkpoint: await readCheckpoint(folder) } : { config };
}

/** Latents per dimension of the data where nobody says otherwise. */
const DEFAULT_EXPANSION = 8;

function variantOf(
  config: QsaeConfig,
  source: DataSource,
  start: WarmStart | undefined,
  catalog: VariantCatalog,
): Variant {
  if (config.variant === undefined) {
    const known = [...(catalog.custom ?? []), ...builtinVariants].map(({ id }) => id);
    throw new UsageError(`train: --variant ID is missing; allowed: ${[...new Set(known)].join(", ")}`);
  }
  const { id, ...keys } = config.variant;
  const variant = variantByName(
    id,
    { d_in: source.dIn, d_sae: start?.dSae ?? source.dIn * DEFAULT_EXPANSION, ...keys },
    catalog,
  );
  if (start && (start.dIn !== variant.dIn || start.dSae !== variant.dSae)) {
    throw new UsageError(
      `--from ${config.from}: d_in=${start.dIn}, d_sae=${start.dSae}, but this run has d_in=${variant.dIn}, d_sae=${variant.dSae}; they must be equal`,
    );
  }
  return variant;
}

/** A start with another k is allowed, but rarely meant. */
function noteDifferences(terminal: Terminal, start: WarmStart, variant: Variant, from: string): void {
  for (const [key, was] of Object.entries(start.config)) {
    const now = variant.config[key];
    if (now !== undefined && JSON.stringify(now) !== JSON.stringify(was)) {
      terminal.note(`note: ${key} is ${JSON.stringify(now)}; ${from} has ${JSON.stringify(was)}`);
    }
  }
}

function heldOut(path: string, terminal: Terminal, signal: AbortSignal) {
  return async (sae: Parameters<typeof evaluatePacked>[0]): Promise<Record<string, number>> => {
    const source = await openActivations(path);
    try {
      const { summary } = await evaluatePacked(sae, source, { terminal, label: "held out", signal });
      return { fvu: summary.fvu, l0: summary.l0, dead: summary.dead, tokens: summary.tokens };
    } finally {
      await source.close();
    }
  };
}

interface Reported {
  readonly folder: string;
  readonly variant: Variant;
  readonly run: FinishedRun;
  readonly heldout: string | undefined;
}

function report(terminal: Terminal, { folder, variant, run, heldout }: Reported): void {
  const { packed, steps, last, elapsedMs, tokensPerSecond } = run;
  const files = runFiles(folder);
  const measured = heldout === undefined ? undefined : packed.description.metrics;
  const bits = bitsPerWeight(packed).total;
  terminal.print(
    [
      `${variant.id}: ${count(variant.dSae)} latents of width ${count(variant.dIn)}, ${count(steps)} steps` +
        (tokensPerSecond ? ` in ${clock(elapsedMs / 1000)} (${count(tokensPerSecond)} tokens/s)` : ", finished before"),
      ...(last ? [`last batch: FVU ${fvu(last.batchFvu)}, L0 ${last.l0.toFixed(1)}, ${count(last.dead)} dead`] : []),
      ...(measured
        ? [
            `held out: FVU ${fvu(measured["fvu"]!)}, L0 ${measured["l0"]!.toFixed(1)}, ${count(measured["dead"]!)} dead in ${count(measured["tokens"]!)} tokens`,
          ]
        : []),
      `wrote ${files.packed} (${bytes(run.bytes)}, ${bits.toFixed(2)} bits per weight), ${files.checkpoint}, ${files.metrics}`,
      ...(measured ? [] : [`next: qsae eval --sae ${folder} --data HELDOUT`]),
    ].join("\n"),
  );
  terminal.result({
    out: resolve(folder),
    variant: variant.id,
    steps,
    d_in: variant.dIn,
    d_sae: variant.dSae,
    bits_per_weight: bits,
    bytes: run.bytes,
    elapsed_ms: elapsedMs,
    ...(tokensPerSecond ? { tokens_per_second: tokensPerSecond } : {}),
    ...(last ? { last_batch_fvu: last.batchFvu } : {}),
    ...(measured ? { heldout: measured } : {}),
    packed: files.packed,
    checkpoint: files.checkpoint,
    metrics: files.metrics,
  });
}
