import { join } from "node:path";

/** Files of a training run's folder. */
export interface RunFiles {
  /** Everything that going on needs. */
  readonly checkpoint: string;
  /** One training step per line. */
  readonly metrics: string;
  /** The configuration the run was started with; a `qsae.config.json` that makes the same run. */
  readonly config: string;
  /** The SAE with quantized weights, written when the run is finished. */
  readonly packed: string;
}

export function runFiles(folder: string): RunFiles {
  return {
    checkpoint: join(folder, "checkpoint.safetensors"),
    metrics: join(folder, "metrics.jsonl"),
    config: join(folder, "config.json"),
    packed: join(folder, "sae.qsae.safetensors"),
  };
}
