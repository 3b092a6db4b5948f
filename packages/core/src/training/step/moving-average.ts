/**
 * Moving averages of the parameters (Polyak & Juditsky 1992, with exponential weights), free of the bias to where they
 * start, as Adam's moments are (Kingma & Ba 2015, section 3):
 *
 *     e_t = (1 - w_t) e_{t-1} + w_t p_t,   w_t = (1 - d) / (1 - d^t)
 *
 * w_1 = 1, so the random start has no weight in any e_t; an average that started from it would still hold a share d^t.
 *
 * What the optimiser does not move is copied, entry by entry: where the second moment is 0 there has been no gradient since
 * the run, or the entry, began. That keeps 0/1 masks and running thresholds whole, and starts the average of a resampled
 * latent anew. A variant's constraints are not applied to averages: the mean of unit atoms is a little shorter than 1.
 */
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { TrainingState } from "../state/training-state.ts";

/** The state with the averages of its step. Consumes the state given. */
export function withAverages(ops: TensorOps, state: TrainingState, decay: number): TrainingState {
  const averages = state.averages!;
  const next = ops.tidy(() => averaged(ops, averages, state.slots, decay, state.step));
  ops.dispose(Object.values(averages));
  return { ...state, averages: next };
}

function averaged(
  ops: TensorOps,
  averages: Tensors,
  slots: TrainingState["slots"],
  decay: number,
  step: number,
): Tensors {
  const weight = (1 - decay) / (1 - decay ** step);
  const average = (before: Tensor, now: Tensor): Tensor => ops.add(ops.mul(before, 1 - weight), ops.mul(now, weight));
  return Object.fromEntries(
    Object.entries(slots).map(([name, { param, v }]) => [
      name,
      ops.where(ops.greater(v, 0), average(averages[name]!, param), param),
    ]),
  );
}
