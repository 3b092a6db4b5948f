/** Options of the command line over a configuration: what is given there wins, key by key. */
import { UsageError } from "@qsae/runtime";
import type { TrainingInput } from "@qsae/core";
import type { QsaeConfig, VariantChoice } from "../config/define-config.ts";
import { withoutAbsent } from "../config/without-absent.ts";
import type { TrainFlags } from "../commands/train.ts";
import { namedAsOurs } from "./variant-of-run.ts";

/** Flags that are keys of the variant. Others go through `--set`. */
const VARIANT_KEYS = { dSae: "d_sae", k: "k", activation: "activation" } as const;

const TRAINING_KEYS = {
  steps: "steps",
  epochs: "epochs",
  batchSize: "batch_size",
  accumulationSteps: "accumulation_steps",
  lr: "lr",
  lrSchedule: "lr_schedule",
  lrWarmupSteps: "lr_warmup_steps",
  lrDecayFraction: "lr_decay_fraction",
  lrMinFraction: "lr_min_fraction",
  clipGradNorm: "clip_grad_norm",
  emaDecay: "ema_decay",
  normalizeInput: "normalize_input",
  bDecInit: "b_dec_init",
  seed: "seed",
  deadAfterTokens: "dead_after_tokens",
  resampleEvery: "resample_every",
  resampleUntilFraction: "resample_until_fraction",
  checkpointEvery: "checkpoint_every",
  gradientsEvery: "gradients_every",
} as const satisfies Partial<Record<keyof TrainFlags, keyof TrainingInput>>;

/**
 * The configuration of the run. `--variant` with another id replaces the configured variant with all its keys; `--steps` and
 * `--epochs` replace one another.
 *
 * @throws UsageError for a `--set` that is not key=value
 */
export function mergeOptions(config: QsaeConfig, flags: TrainFlags): QsaeConfig {
  const training = mergeTraining(config.training ?? {}, flags);
  const variant = mergeVariant(config.variant, flags);
  const given = {
    data: flags.data,
    tensor: flags.tensor,
    target: flags.target,
    targetTensor: flags.targetTensor,
    heldout: flags.heldout,
    heldoutTarget: flags.heldoutTarget,
    from: flags.from,
    backend: flags.backend as QsaeConfig["backend"],
    out: flags.out,
  };
  return { ...config, ...withoutAbsent(given), training, ...(variant ? { variant } : {}) };
}

function mergeTraining(configured: TrainingInput, flags: TrainFlags): TrainingInput {
  const given = renamed(flags, TRAINING_KEYS);
  const { steps: _steps, epochs: _epochs, ...rest } = configured;
  const replacesLength = "steps" in given || "epochs" in given;
  return { ...(replacesLength ? rest : configured), ...given };
}

function mergeVariant(configured: VariantChoice | undefined, flags: TrainFlags): VariantChoice | undefined {
  const replaced = flags.variant !== undefined && flags.variant !== configured?.id;
  const id = flags.variant ?? configured?.id;
  if (id === undefined) return undefined;
  const { id: _id, ...before } = replaced || configured === undefined ? { id } : configured;
  const given = { ...renamed(flags, VARIANT_KEYS), ...assignments(flags.set ?? []) };
  return { ...namedAsOurs(id, before), ...namedAsOurs(id, given), id };
}

function renamed<K extends keyof TrainFlags>(
  flags: TrainFlags,
  keys: Readonly<Record<K, string>>,
): Record<string, unknown> {
  const entries = (Object.keys(keys) as K[]).map((flag) => [keys[flag], flags[flag]] as const);
  return withoutAbsent(Object.fromEntries(entries));
}

/** `aux_k=64` -> `{ aux_k: 64 }`: numbers and booleans as such, anything else as text. */
function assignments(texts: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      if (equals < 1) throw new UsageError(`--set ${text}: expected key=value, e.g. --set aux_k=64`);
      return [text.slice(0, equals).trim(), valueOf(text.slice(equals + 1).trim())];
    }),
  );
}

function valueOf(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
