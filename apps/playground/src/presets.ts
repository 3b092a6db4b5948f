/** What can be trained: each preset is one run, or two of which the second starts from the first one's weights. */
import type { TrainingInput } from "@qsae/core";

export interface Preset {
  readonly id: string;
  /** In the menu. */
  readonly name: string;
  /** Under the menu. */
  readonly about: string;
  readonly stages: readonly Stage[];
}

/** A training run; all but the first start from the weights of the one before. */
interface Stage {
  /** In the legend of the curves. */
  readonly name: string;
  /** Of `@qsae/variants`. */
  readonly variant: string;
  /** Beside `d_in`, `d_sae` and `k`. */
  readonly config: Readonly<Record<string, string>>;
  readonly training: Pick<TrainingInput, "batch_size" | "lr">;
}

/** The runs of `qsae quickstart`: batches and learning rates are its own (packages/cli/src/quickstart/recipe.ts). */
const FLOAT: Stage = {
  name: "float",
  variant: "baseline",
  config: {},
  training: { batch_size: 512, lr: 8e-3 },
};
const fromFloat = (name: string, variant: string, config: Stage["config"]): readonly Stage[] => [
  FLOAT,
  { name, variant, config, training: { batch_size: 512, lr: 4e-3 } },
];

export const PRESETS: readonly Preset[] = [
  {
    id: "float",
    name: "Float TopK",
    about: "The k strongest latents of every token, all weights in float32: what the others are compared with.",
    stages: [FLOAT],
  },
  {
    id: "ternary",
    name: "Ternary dictionary",
    about: "Every weight of an atom is −1, 0 or 1, times a scale per atom. Trained from a float SAE, so in two runs.",
    stages: fromFloat("ternary", "ternary", {}),
  },
  {
    id: "ternary-both",
    name: "Ternary dictionary and encoder",
    about: "Encoder and atoms both of −1, 0 and 1: the smallest file here. Trained from a float SAE, so in two runs.",
    stages: fromFloat("ternary both", "ternary", { encoder_quantizer: "ternary" }),
  },
  {
    id: "int4",
    name: "4-bit dictionary and encoder",
    about:
      "Sixteen levels per weight on both sides, for an eighth of the size. Trained from a float SAE, so in two runs.",
    stages: fromFloat("4 bits", "baseline", { decoder_quantizer: "int4", encoder_quantizer: "int4" }),
  },
];

export const presetOf = (id: string): Preset => PRESETS.find((preset) => preset.id === id) ?? PRESETS[0]!;

/** What `qsae quickstart` harvests and trains: three passes of 371 batches. */
export const DEFAULTS = { dSae: 1024, k: 32, steps: 1113, tokens: 189_992 } as const;

/** Held-out tokens at most: all that `qsae quickstart` evaluates on. */
export const MOST_HELD_OUT = 29_591;
