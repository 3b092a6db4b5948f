/** From float weights and a quantizer to the packed matrix that files store and the runtime reads. */
import type { CodeMatrix, HostTensor } from "@qsae/runtime";
import type { Grid, Quantizer } from "../contracts/quantizer.ts";
import type { TensorOps } from "../contracts/tensor-ops.ts";
import { codeMatrix } from "./code-matrix.ts";

/**
 * Quantizes w `[d_sae, d_in]` and packs the codes. With a `grid` (learned scales) that one is used, otherwise the quantizer
 * calibrates one.
 *
 * @throws UsageError if the quantizer gives codes out of its range or a grid that is not finite, naming the row
 */
export async function packMatrix<G extends Grid>(
  ops: TensorOps,
  quantizer: Quantizer<G>,
  w: HostTensor,
  grid?: Readonly<Record<string, HostTensor>>,
): Promise<CodeMatrix> {
  const [rows, cols] = w.shape as [number, number];
  const { codes, scale } = ops.tidy(() => {
    const weights = ops.fromHost(w);
    const tensors = grid
      ? (Object.fromEntries(Object.entries(grid).map(([name, a]) => [name, ops.fromHost(a)])) as unknown as G)
      : quantizer.calibrate(ops, weights);
    return { codes: quantizer.encode(ops, weights, tensors), scale: tensors.scale };
  });
  const [hostCodes, hostScale] = await Promise.all([ops.read(codes), ops.read(scale)]);
  ops.dispose([codes, ...(scale === codes ? [] : [scale])]);
  return codeMatrix(quantizer, {
    rows,
    cols,
    codes: hostCodes.data as Float32Array,
    scale: hostScale.data as Float32Array,
    scaleShape: hostScale.shape.slice(-2) as [number, number],
  });
}
