/**
 * The threshold that stands for a selection over a batch when there is no batch (Bussmann, Leask & Nanda 2024, "BatchTopK
 * sparse autoencoders", section 3.2, eq. 6): the mean over training batches of the smallest score that was selected.
 *
 * Kept in the parameter `inference_threshold [1]`: at step t it moves by max(1 / t, 0.01) of the way to the batch's value, the
 * plain mean of the first 100 batches and from there a moving one, so that it follows the weights.
 */
import type { StepContext, Tensor, TensorOps, Tensors } from "@qsae/core";
import type { HostTensors } from "@qsae/runtime";
import { requiredTensor } from "./required-tensor.ts";

export const INFERENCE_THRESHOLD = "inference_threshold";

const LEAST_SHARE = 0.01;
/** Stands for the smallest of nothing. */
const NONE = 3e38;

/** Before the first batch: everything positive is selected. */
export const initialThreshold = (ops: TensorOps): Tensors => ({ [INFERENCE_THRESHOLD]: ops.zeros([1]) });

/** Statistics of a batch. selected: scores, those that were not selected 0. */
export function smallestSelected(ops: TensorOps, selected: Tensor): Tensors {
  const scores = ops.detach(selected);
  const negated = ops.where(ops.greater(scores, 0), ops.neg(scores), ops.fill(scores.shape, -NONE));
  return { [INFERENCE_THRESHOLD]: ops.reshape(ops.neg(ops.max(negated)), [1]) };
}

/** The parameter, moved on. A batch in which nothing was selected says nothing. */
export function movedThreshold(ops: TensorOps, params: Tensors, { step, statistics }: StepContext): Tensors {
  const [before, batch] = [params[INFERENCE_THRESHOLD]!, statistics[INFERENCE_THRESHOLD]!];
  const moved = ops.add(before, ops.mul(ops.sub(batch, before), Math.max(1 / step, LEAST_SHARE)));
  return { [INFERENCE_THRESHOLD]: ops.where(ops.greaterEqual(batch, NONE), before, moved) };
}

export const thresholdOf = (params: HostTensors): number => requiredTensor(params, INFERENCE_THRESHOLD).data[0]!;
