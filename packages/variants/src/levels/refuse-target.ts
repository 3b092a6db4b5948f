import { UsageError } from "@qsae/runtime";
import type { Tensor } from "@qsae/core";

/** @throws UsageError if targets are given */
export function refuseTarget(variant: string, target: Tensor | undefined): void {
  if (!target) return;
  throw new UsageError(
    `variant ${variant}: targets apart from inputs are given, but its levels read what is left of their input; use a one-stage variant with transcoder, e.g. quantized-matryoshka with the default preset`,
  );
}
