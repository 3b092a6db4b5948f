/** What a run carries from step to step: all of it is in checkpoints. */
import type { AdamSlot, Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";

export interface TrainingState {
  /** Optimiser steps done. */
  readonly step: number;
  /** Parameters with their Adam moments, by name. */
  readonly slots: Readonly<Record<string, AdamSlot>>;
  /** Moving averages of the parameters, where the run has them. */
  readonly averages?: Tensors;
  /** What activations are multiplied by before they reach the variant, where the run normalises them. */
  readonly inputScale?: number;
  /** Tokens since each latent last fired: `[d_sae]`. */
  readonly sinceFired: Tensor;
  /** Latents dead after this step. */
  readonly dead: number;
}

export function parametersOf(slots: TrainingState["slots"]): Tensors {
  return Object.fromEntries(Object.entries(slots).map(([name, { param }]) => [name, param]));
}

/** Harmless where a step that failed has disposed some of it. */
export function disposeState(ops: TensorOps, { slots, averages = {}, sinceFired }: TrainingState): void {
  for (const { param, m, v } of Object.values(slots)) ops.dispose([param, m, v]);
  ops.dispose([sinceFired, ...Object.values(averages)]);
}
