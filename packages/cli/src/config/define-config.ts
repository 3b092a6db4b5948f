import type { BackendName, Quantizer, TrainingInput, VariantFactory } from "@qsae/core";

/** A project's `qsae.config.ts`, `.js` or `.json`. Options on the command line come before what it says. */
export interface QsaeConfig {
  /** Activations to train on. Paths are relative to the folder of the configuration. */
  readonly data?: string;
  /** Which tensor of the activation files. Default: the only float one. */
  readonly tensor?: string;
  /** What is to be reconstructed from `data`, row by row, where that is something else (transcoders). */
  readonly target?: string;
  /** Which tensor of `target`. Default: the only float one. */
  readonly targetTensor?: string;
  /** What is to be reconstructed from `heldout`. */
  readonly heldoutTarget?: string;
  /** Activations to evaluate on: `eval` and `analyze` read them, `train` at its end. */
  readonly heldout?: string;
  /** The variant by id, with its own keys: `{ id: "ternary", d_sae: 8192, k: 32 }`. `d_in` comes from the data. */
  readonly variant?: VariantChoice;
  /** An SAE to start training from: a packed file, a run folder, a SAELens folder. */
  readonly from?: string;
  readonly training?: TrainingInput;
  /** Quantizers of your own, by value; their ids are known beside the built-in ones. */
  readonly quantizers?: readonly Quantizer[];
  /** Variants of your own, by value. */
  readonly variants?: readonly VariantFactory[];
  readonly backend?: BackendName;
  /** Folder of the run. */
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
