import type { BackendName, Quantizer, TrainingInput, VariantFactory } from "@qsae/core";

/**
 * A project's `qsae.config.ts`, `.js` or `.json`. Options on the command line come before what it says. What each key is: the
 * descriptions in `config-schema.ts`, which the JSON Schema has too.
 */
export interface QsaeConfig {
  readonly data?: string;
  readonly tensor?: string;
  readonly target?: string;
  readonly targetTensor?: string;
  readonly heldout?: string;
  readonly heldoutTarget?: string;
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
