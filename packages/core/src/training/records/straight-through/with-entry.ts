import type { Tensor, TensorOps } from "../../../contracts/tensor-ops.ts";
import type { Entry } from "./sample-entries.ts";

/** w `[rows, columns]` with one entry replaced; all others have the bits they had. */
export function withEntry(ops: TensorOps, w: Tensor, { row, column }: Entry, value: number): Tensor {
  const [rows, columns] = w.shape as [number, number];
  return ops.tidy(() => {
    const part = (begin: number, size: number): Tensor[] =>
      size > 0 ? [ops.slice(w, [begin, 0], [size, columns])] : [];
    const [own] = part(row, 1) as [Tensor]; // [1, columns]
    const mask = new Float32Array(columns);
    mask[column] = 1;
    const replaced = ops.where(ops.tensor(mask, [1, columns]), ops.fill([1, columns], value), own);
    return ops.concat([...part(0, row), replaced, ...part(row + 1, rows - row - 1)], 0);
  });
}
