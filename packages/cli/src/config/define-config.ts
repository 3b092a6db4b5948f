import type { BackendName, Quantizer, TrainingInput, VariantFactory } from "@qsae/core";

/**
 * A project's `qsae.config.ts`, `.js` or `.json`. Options on the command line come before what it says. What each key is: the
 * descriptions in `config-schema.ts`, which the JSON Schema has too.
 */
export interface QsaeConfig {
  readonly data?: string;
  readonly tensor?: string;
<<<<<<< HEAD
=======
  /** What is to be reconstructed from `data`, row by row, where that is something else (transcoders). */
  readonly target?: string;
  /** Which tensor of `target`. Default: the only float one. */
  readonly targetTensor?: string;
  /** What is to be reconstructed from `heldout`. */
  readonly heldoutTarget?: string;
  /** Activations to evaluate on: `eval` and `analyze` read them, `train` at its end. */
>>>>>>> main
  readonly heldout?: string;
  readonly variant?: VariantChoice;
  readonly from?: string;
  readonly training?: TrainingInput;
  readonly quantizers?: readonly Quantizer[];
  readonly variants?: readonly VariantFactory[];
  readonly backend?: BackendName;
  readonly out?: string;
}

export interface VariantChoice {
  readonly id: string;
  readonly [key: string]: unknown;
}

/**
 * Types a configuration; returns it as it is.
 *
 * @example
 * // qsae.config.ts
 * import { defineConfig } from "@qsae/cli";
 *
 * export default defineConfig({
 *   data: "activations.safetensors",
 *   variant: { id: "ternary", d_sae: 4096, k: 32 },
 *   training: { epochs: 3, lr: 2e-3 },
 *   out: "runs/ternary",
 * });
 */
export function defineConfig(config: QsaeConfig): QsaeConfig {
  return config;
}
