/** Atoms of norm 1. Without this the sparsity penalty and TopK can be cheated by growing atoms and shrinking latents. */
import type { Tensor, TensorOps } from "@qsae/core";

/** Every row of w `[d_sae, d_in]` divided by max(norm, 1e-8). */
export function normalizeAtoms(ops: TensorOps, w: Tensor): Tensor {
  return ops.tidy(() => ops.div(w, ops.maximum(ops.sqrt(ops.sum(ops.square(w), 1, true)), 1e-8)));
}

/** The gradient without its component along each unit atom, both `[d_sae, d_in]`. */
export function removeParallel(ops: TensorOps, gradient: Tensor, atoms: Tensor): Tensor {
  return ops.tidy(() => ops.sub(gradient, ops.mul(atoms, ops.sum(ops.mul(gradient, atoms), 1, true))));
}
