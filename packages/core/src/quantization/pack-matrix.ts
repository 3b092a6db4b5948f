/** From float weights and a quantizer to the packed matrix that files store and the runtime reads. */
import { NonFiniteError, UsageError, type CodeMatrix, type HostTensor } from "@qsae/runtime";
import type { Grid, Quantizer } from "../contracts/quantizer.ts";
import type { TensorOps } from "../contracts/tensor-ops.ts";
import { codeMatrix } from "./code-matrix.ts";

/**
 * Quantizes w `[d_sae, d_in]` and packs the codes. With a `grid` (learned scales) that one is used, otherwise the quantizer
 * calibrates one.
 *
 * @throws NonFiniteError naming the first weight that is not finite: its code and its row's scale would mean nothing
 * @throws UsageError if the quantizer gives codes out of its range, or a scale that is not finite (naming the row) or of
 *   another shape than files can hold
 */
export async function packMatrix<G extends Grid>(
  ops: TensorOps,
  quantizer: Quantizer<G>,
  w: HostTensor,
  grid?: Readonly<Record<string, HostTensor>>,
): Promise<CodeMatrix> {
  const [rows, cols] = w.shape as [number, number];
  requireFiniteWeights(quantizer.id, w.data, cols);
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
    scaleShape: scaleShape(quantizer, hostScale.shape, [rows, cols]),
  });
}

function scaleShape(
  { id, dequantize }: Pick<Quantizer, "id" | "dequantize">,
  shape: readonly number[],
  [rows, cols]: readonly [number, number],
): readonly [scaleRows: number, groups: number] {
  const planes = dequantize.kind === "sum" ? [dequantize.planes] : [];
  const [scaleRows = 0, groups = 0] = shape.slice(-2);
  const fits = (scaleRows === rows || scaleRows === 1) && groups >= 1 && cols % groups === 0;
  if (fits && shape.length === planes.length + 2 && planes.every((count) => shape[0] === count))
    return [scaleRows, groups];
  const leading = planes.map((count) => `${count}, `).join("");
  throw new UsageError(
    `quantizer ${id}: the scale of [${rows}, ${cols}] weights is [${shape.join(", ")}]; expected [${leading}${rows}, 1], [${leading}1, 1] or [${leading}${rows}, groups] with groups a divisor of ${cols}`,
  );
}

function requireFiniteWeights(id: string, weights: HostTensor["data"], cols: number): void {
  const bad = weights.findIndex((weight) => !Number.isFinite(weight));
  if (bad < 0) return;
  throw new NonFiniteError(
    `quantizer ${id}: the weight in row ${Math.floor(bad / cols)}, column ${bad % cols} is ${weights[bad]}; only finite weights can be quantized`,
  );
}
