/** What keeps parameters within bounds that gradients know nothing of: corrections before the optimiser, projections after it. */
import type { ChangedParameters, StepContext, Tensor, TensorOps, Tensors } from "@qsae/core";

/** What a constraint may draw statistics from. */
interface ConstraintInput {
  /** Latents `[n, d_sae]`. */
  readonly z: Tensor;
  /** xhat - x: `[n, d_in]` */
  readonly error: Tensor;
}

export interface Constraint {
  /** What the hooks need of a batch, as {@link StepContext.statistics}. */
  statistics?(ops: TensorOps, input: ConstraintInput): Tensors;
  /** Returns all gradients. */
  afterBackward?(ops: TensorOps, params: Tensors, grads: Tensors, context: StepContext): Tensors;
  afterStep?(ops: TensorOps, params: Tensors, context: StepContext): ChangedParameters;
}
