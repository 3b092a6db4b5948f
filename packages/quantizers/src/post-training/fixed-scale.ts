import type { Quantizer, TensorOps } from "@qsae/core";

/**
 * Whether a quantizer's scale is part of its definition, as the step of `twos-complement` is: its own gradient has none for the
 * scale, so that training never moves it. Then no other method may either: files would name a step that the codes do not have.
 */
export function hasFixedScale(ops: TensorOps, quantizer: Quantizer, dIn: number): boolean {
  if (!quantizer.backward) return false;
  return ops.tidy(() => {
    const w = ops.zeros([1, dIn]);
    return quantizer.backward!(ops, w, w, quantizer.calibrate(ops, w)).scale === undefined;
  });
}
