/** The configuration of a training run, apart from the variant's own. JSON keys are the field's and the reference's. */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";

const keys = z.strictObject({
  steps: z.number().int().positive().optional().describe("Optimiser steps. Exclusive with epochs."),
  epochs: z
    .number()
    .positive()
    .optional()
    .describe("Passes over the data; only whole batches count. Default 3 when steps is absent."),
  batch_size: z.number().int().positive().default(1024).describe("Tokens per forward and backward pass."),
  accumulation_steps: z
    .number()
    .int()
    .positive()
    .default(1)
    .describe(
      "Batches whose gradients are averaged for one optimiser step: steps of batch_size * accumulation_steps tokens.",
    ),
  lr: z.number().positive().default(1e-3).describe("Peak learning rate of Adam."),
  lr_schedule: z
    .enum(["constant", "linear", "cosine"])
    .default("linear")
    .describe("How the learning rate falls at the end: not at all, in a straight line, or along half a cosine."),
  lr_warmup_steps: z.number().int().nonnegative().default(50).describe("Steps of linear warm-up from 0."),
  lr_decay_fraction: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      "Share of the steps, at the end, over which the learning rate falls. Default 0.3 for linear, 1 for cosine.",
    ),
  lr_min_fraction: z.number().min(0).max(1).default(0).describe("What the learning rate falls to, as a share of lr."),
  clip_grad_norm: z
    .number()
    .positive()
    .optional()
    .describe("Largest norm of all gradients together; longer ones are scaled down to it. Absent: any."),
  ema_decay: z
    .number()
    .gt(0)
    .lt(1)
    .optional()
    .describe(
      "The SAE that is saved is a moving average of the weights with this decay. Absent: the weights themselves.",
    ),
  normalize_input: z
    .enum(["none", "expected-norm"])
    .default("none")
    .describe(
      "expected-norm: activations are trained on at a mean norm of sqrt(d_in); the saved SAE takes them as they are.",
    ),
  b_dec_init: z
    .enum(["mean", "geometric-median", "zeros"])
    .default("mean")
    .describe("Where b_dec starts, for variants that have one to place: a center of what is reconstructed."),
  seed: z.number().int().nonnegative().default(0).describe("Seed of initialisation, shuffling and resampling."),
  dead_after_tokens: z
    .number()
    .int()
    .positive()
    .default(20_000)
    .describe("A latent is dead when it has not fired in this many training tokens."),
  resample_every: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("Steps from one resampling of dead latents to the next. Absent: none."),
  resample_until_fraction: z
    .number()
    .min(0)
    .max(1)
    .optional()
    .describe(
      "Share of the steps after which nothing is resampled any more. Default 0.5 where resample_every is given.",
    ),
  checkpoint_every: z
    .number()
    .int()
    .positive()
    .default(200)
    .describe("Steps between checkpoints. The last step is always saved."),
  gradients_every: z
    .number()
    .int()
    .nonnegative()
    .default(25)
    .describe(
      "Steps between records of what gradients do; the first and the last step always have one. Every twentieth record compares straight-through gradients with steps of codes. 0: none.",
    ),
});

/** The keys; contradictions between them, which {@link parseTrainingConfig} refuses, are JSON Schema in its metadata. */
export const trainingConfigSchema = keys.meta({
  description: "How it is trained.",
  allOf: [
    { not: { required: ["steps", "epochs"] } },
    {
      if: { properties: { lr_schedule: { const: "constant" } }, required: ["lr_schedule"] },
      then: { properties: { lr_decay_fraction: { const: 0 }, lr_min_fraction: { const: 0 } } },
    },
    { dependencies: { resample_until_fraction: ["resample_every"] } },
  ],
});

/** A complete training configuration, defaults filled in. */
export type TrainingConfig = z.output<typeof trainingConfigSchema> & { readonly lr_decay_fraction: number };
/** What a person writes: every key optional. */
export type TrainingInput = z.input<typeof trainingConfigSchema>;

const DECAY_FRACTION = { constant: 0, linear: 0.3, cosine: 1 } as const;
/** The runs of Bricken et al. 2023 resample for the last time in the middle. */
const RESAMPLE_UNTIL = 0.5;

/**
 * Fills defaults; a filled configuration stays as it is.
 *
 * @throws UsageError naming unknown keys, values out of range and contradictions, with what is allowed
 */
export function parseTrainingConfig(input: TrainingInput): TrainingConfig {
  const parsed = trainingConfigSchema.safeParse(input);
  if (!parsed.success) {
    const allowed = Object.keys(trainingConfigSchema.shape).join(", ");
    const problems = parsed.error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : message,
    );
    throw new UsageError(`training config: ${problems.join("; ")}; keys allowed: ${allowed}`);
  }
  const config = parsed.data;
  const contradiction = contradictionIn(config);
  if (contradiction) throw new UsageError(`training config: ${contradiction}`);
  const { lr_decay_fraction, resample_every, resample_until_fraction } = config;
  return inOrder({
    ...config,
    lr_decay_fraction: lr_decay_fraction ?? DECAY_FRACTION[config.lr_schedule],
    ...(resample_every === undefined ? {} : { resample_until_fraction: resample_until_fraction ?? RESAMPLE_UNTIL }),
  });
}

/** Keys in the order of the schema, filled in or given: a configuration that is stored again is the same file. */
function inOrder(config: TrainingConfig): TrainingConfig {
  const order = Object.keys(trainingConfigSchema.shape);
  const entries = Object.entries(config).sort(([a], [b]) => order.indexOf(a) - order.indexOf(b));
  return Object.fromEntries(entries) as TrainingConfig;
}

function contradictionIn(config: z.output<typeof trainingConfigSchema>): string | undefined {
  if (config.steps !== undefined && config.epochs !== undefined) {
    return "steps and epochs contradict each other; give one of them";
  }
  if (config.lr_schedule === "constant") {
    const falling = (["lr_decay_fraction", "lr_min_fraction"] as const).filter((key) => (config[key] ?? 0) > 0);
    if (falling.length > 0) {
      return `lr_schedule "constant" contradicts ${falling.map((key) => `${key}=${config[key]}`).join(", ")}; leave that out, or choose linear or cosine`;
    }
  }
  if (config.resample_until_fraction !== undefined && config.resample_every === undefined) {
    return `resample_until_fraction=${config.resample_until_fraction} says when resampling ends, but there is none; give resample_every too`;
  }
  return undefined;
}

/** Tokens of one optimiser step. */
export function tokensPerStep(config: Pick<TrainingConfig, "batch_size" | "accumulation_steps">): number {
  return config.batch_size * config.accumulation_steps;
}

/** Optimiser steps of the whole run on a source of `tokens` tokens. */
export function totalSteps(config: TrainingConfig, tokens: number): number {
  if (config.steps !== undefined) return config.steps;
  const batches = (config.epochs ?? 3) * Math.floor(tokens / config.batch_size);
  return Math.max(1, Math.round(batches / config.accumulation_steps));
}
