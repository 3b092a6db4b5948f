/** Atoms of norm 1. Without this the sparsity penalty and TopK can be cheated by growing atoms and shrinking latents. */
import type { Tensor, TensorOps } from "@qsae/core";
import type { Constraint } from "./constraint.ts";

/** Below this an atom is taken for zero and left as it is. */
const MIN_NORM = 1e-8;

/** Every row of w `[d_sae, d_in]` divided by its norm. */
export const normalizeAtoms = (ops: TensorOps, w: Tensor): Tensor => ops.normalizeRows(w, MIN_NORM);

/** Atoms are divided by their norm after each step; gradients stay as they are. */
export const normalizedAfterSteps: Constraint = {
  afterStep: (ops, params) => ({ params: { ...params, W_dec: normalizeAtoms(ops, params["W_dec"]!) } }),
};

/** Norm 1 throughout: gradients lose the component that would only change the norm. For atoms that start at norm 1. */
export const unitNorm: Constraint = {
  ...normalizedAfterSteps,
  afterBackward: (ops, params, grads) => ({
    ...grads,
    W_dec: ops.removeParallel(grads["W_dec"]!, params["W_dec"]!),
  }),
};
