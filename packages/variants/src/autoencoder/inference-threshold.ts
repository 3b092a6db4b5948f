/**
 * The threshold that stands for a selection over a batch when there is no batch (Bussmann, Leask & Nanda 2024, "BatchTopK
 * sparse autoencoders", section 3.2, eq. 6): the mean over training batches of the smallest score that was selected.
 *
 * Kept in the parameter `inference_threshold [1]`, an average that forgets the start, when scores still move: at step t it
 * goes max(16 / (t + 15), 0.01) of the way to the batch's value (polynomial-decay averaging, Shamir & Zhang 2013, eq. 6: the last
 * sixteenth of the run so far; from step 1600 on the last hundred steps). The first step sets it, so there is no bias to correct.
 */
import type { StepContext, Tensor, TensorOps, Tensors } from "@qsae/core";
import type { HostTensors } from "@qsae/runtime";
import { requiredTensor } from "./required-tensor.ts";

export const INFERENCE_THRESHOLD = "inference_threshold";

const shareAt = (step: number): number => Math.max(16 / (step + 15), 0.01);
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
  const moved = ops.add(before, ops.mul(ops.sub(batch, before), shareAt(step)));
  return { [INFERENCE_THRESHOLD]: ops.where(ops.greaterEqual(batch, NONE), before, moved) };
}

export const thresholdOf = (params: HostTensors): number => requiredTensor(params, INFERENCE_THRESHOLD).data[0]!;
