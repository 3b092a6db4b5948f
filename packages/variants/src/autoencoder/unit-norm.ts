/** Atoms of norm 1. Without this the sparsity penalty and TopK can be cheated by growing atoms and shrinking latents. */
import type { Tensor, TensorOps } from "@qsae/core";

/** Below this an atom is taken for zero and left as it is. */
const MIN_NORM = 1e-8;

/** Every row of w `[d_sae, d_in]` divided by its norm. */
export const normalizeAtoms = (ops: TensorOps, w: Tensor): Tensor => ops.normalizeRows(w, MIN_NORM);
