/** Runs of rows or columns, whose gradients are put back in place among zeros, and runs put together again. */
import type { Tensor, TensorOps } from "@qsae/core";
import type { Level } from "./level-sizes.ts";

/** `a` from `begin` on, `size` long, along its first or its last axis. Differentiable. */
export function partOf(ops: TensorOps, a: Tensor, { begin, size }: Level, axis: "first" | "last"): Tensor {
  const { shape } = a;
  const at = axis === "first" ? 0 : shape.length - 1;
  const starts = shape.map((_, i) => (i === at ? begin : 0));
  const withLength = (length: number): number[] => shape.map((whole, i) => (i === at ? length : whole));
  return ops.customGrad(
    [a],
    () => ({ value: ops.slice(a, starts, withLength(size)), saved: [] }),
    (dy) => {
      const after = shape[at]! - begin - size;
      const before = begin > 0 ? [ops.zeros(withLength(begin))] : [];
      const parts = [...before, dy, ...(after > 0 ? [ops.zeros(withLength(after))] : [])];
      return [parts.length === 1 ? ops.mul(dy, 1) : ops.concat(parts, at)];
    },
  );
}

/** The parts one after the other along `axis`. */
export const joined = (ops: TensorOps, parts: readonly Tensor[], axis: number): Tensor =>
  parts.length === 1 ? parts[0]! : ops.concat(parts, axis);
