/** The two trained SAEs of the quickstart and what rounding makes of them, each measured as it is stored. */
import { basename, join } from "node:path";
import { parseTrainingConfig, type Backend, type DataSource, type TrainingInput } from "@qsae/core";
import { writeFileAtomic } from "@qsae/data";
import type { RoundingTargets } from "@qsae/quantizers";
import { encodePackedSae, type PackedSae } from "@qsae/runtime";
import { variantByName } from "@qsae/variants";
import { catalogOf } from "../catalog.ts";
import { evaluatePacked, type EvaluatedSae } from "../evaluation/evaluate-packed.ts";
import { storedMetrics } from "../evaluation/stored-metrics.ts";
import { quantizePacked } from "../quantization/quantize-packed.ts";
import { runFiles } from "../runs/run-files.ts";
import { runTraining } from "../runs/run-training.ts";
import { readWarmStart } from "../runs/warm-start.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { Recipe } from "./recipe.ts";

export interface MeasuredSae extends EvaluatedSae {
  readonly name: string;
  readonly packed: PackedSae;
  /** The packed file. */
  readonly path: string;
  readonly bytes: number;
  /** Folder of the training run, for those that were trained. */
  readonly run?: string;
  /** Tokens per second while training. */
  readonly trainingTokensPerSecond?: number;
}

export interface PairOptions {
  readonly recipe: Pick<Recipe, "sae" | "float" | "ternary">;
  readonly folder: string;
  readonly backend: Backend;
  readonly train: { readonly source: DataSource; readonly path: string };
  readonly heldout: DataSource;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** In the order of the table: float, float rounded, ternary, ternary with an int8 encoder. */
export async function trainPair(options: PairOptions): Promise<readonly MeasuredSae[]> {
  const { resolveQuantizer } = catalogOf({});
  const float = await trained(options, {
    name: "float TopK",
    slug: "float",
    variant: "baseline",
    training: options.recipe.float,
  });
  const ternary = await trained(options, {
    name: "ternary, trained",
    slug: "ternary",
    variant: "ternary",
    training: options.recipe.ternary,
    from: float.run!,
  });
  const naive = await rounded(options, float, {
    name: "rounded to ternary",
    slug: "float-rounded-to-ternary",
    targets: { dictionary: resolveQuantizer("ternary") },
  });
  const int8 = await rounded(options, ternary, {
    name: "ternary, int8 encoder",
    slug: "ternary-int8-encoder",
    targets: { encoder: resolveQuantizer("int8") },
  });
  return [float, naive, ternary, int8];
}

interface Training {
  readonly name: string;
  readonly slug: string;
  readonly variant: string;
  readonly training: TrainingInput;
  /** Folder of the run whose weights it starts from. */
  readonly from?: string;
}

async function trained(
  options: PairOptions,
  { name, slug, variant: id, training, from }: Training,
): Promise<MeasuredSae> {
  const { recipe, folder, backend, train, heldout, terminal, signal } = options;
  const catalog = catalogOf({});
  const run = join(folder, slug);
  const start = from === undefined ? undefined : await readWarmStart(from, catalog);
  let evaluated: EvaluatedSae | undefined;
  const finished = await runTraining({
    folder: run,
    label: `train ${slug}`,
    backend,
    variant: variantByName(id, { d_in: train.source.dIn, ...recipe.sae }, catalog),
    source: train.source,
    training: parseTrainingConfig(training),
    catalog,
    origin: { data: train.path, ...(from !== undefined && { from }) },
    ...(start && from !== undefined ? { warmStart: start.tensors, provenance: { from: basename(from) } } : {}),
    terminal,
    signal,
    measure: async (sae) => {
      evaluated = await evaluatePacked(sae, heldout, { terminal, label: `eval ${slug}`, signal });
      return storedMetrics(evaluated.summary);
    },
  });
  return {
    ...evaluated!,
    name,
    packed: finished.packed,
    path: runFiles(run).packed,
    bytes: finished.bytes,
    run,
    ...(finished.tokensPerSecond ? { trainingTokensPerSecond: finished.tokensPerSecond } : {}),
  };
}

interface Rounding {
  readonly name: string;
  readonly slug: string;
  readonly targets: RoundingTargets;
}

async function rounded(options: PairOptions, of: MeasuredSae, { name, slug, targets }: Rounding): Promise<MeasuredSae> {
  const { folder, backend, heldout, terminal, signal } = options;
  const plan = { method: "rtn", rotate: false, ...targets } as const;
  const { packed } = await quantizePacked(of.packed, plan, { backend, terminal, signal });
  const path = join(folder, `${slug}.qsae.safetensors`);
  const file = encodePackedSae(packed);
  const evaluated = await evaluatePacked({ packed, bytes: file.length }, heldout, {
    terminal,
    label: `eval ${slug}`,
    signal,
  });
  await writeFileAtomic(path, file);
  return { ...evaluated, name, packed, path, bytes: file.length };
}
