/** Many scalars in one readback: a device is waited for once per step. */
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";

/** Scalars as one tensor, with what to read it with. */
export interface PackedScalars {
  readonly packed: Tensor;
  readonly names: readonly string[];
}

export function packScalars(ops: TensorOps, scalars: Tensors): PackedScalars {
  const flat = Object.values(scalars).map((scalar) => ops.reshape(scalar, [1]));
  return { packed: ops.concat(flat, 0), names: Object.keys(scalars) };
}

/** By name, in the order they were packed. Disposes what was packed. */
export async function readScalars(ops: TensorOps, { packed, names }: PackedScalars): Promise<Record<string, number>> {
  try {
    const { data } = await ops.read(packed);
    return Object.fromEntries(names.map((name, i) => [name, data[i]!]));
  } finally {
    ops.dispose(packed);
  }
}
