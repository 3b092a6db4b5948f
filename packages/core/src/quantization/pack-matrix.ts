/** From float weights and a quantizer to the packed matrix that files store and the runtime reads. */
import { packCodes, roundToF16, UsageError, type CodeMatrix, type CodePlane, type HostTensor } from "@qsae/runtime";
import type { Grid, Quantizer } from "../contracts/quantizer.ts";
import type { TensorOps } from "../contracts/tensor-ops.ts";

/** Scales are stored as F16 where that changes none of them by more than this (F16 has 11 significant bits: 2^-11 = 4.9e-4). */
const F16_RELATIVE_ERROR = 2 ** -11;

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

  const planeCount = quantizer.dequantize.kind === "sum" ? quantizer.dequantize.planes : 1;
  const [scaleRows, groups] = hostScale.shape.slice(-2) as [number, number];
  const scalesPerPlane = scaleRows * groups;
  const planes = Array.from({ length: planeCount }, (_, plane): CodePlane => {
    const planeCodes = hostCodes.data.subarray(plane * rows * cols, (plane + 1) * rows * cols);
    const planeScale = Float32Array.from(hostScale.data.subarray(plane * scalesPerPlane, (plane + 1) * scalesPerPlane));
    requireFinite(quantizer.id, planeScale, groups);
    return {
      packed: packCodes(planeCodes, rows, cols, quantizer.codes),
      scaleShape: [scaleRows, groups],
      ...storedScale(planeScale),
    };
  });
  const { id, options, codes: range, dequantize: rule } = quantizer;
  return { kind: "codes", rows, cols, codes: range, rule, planes, quantizer: { id, options } };
}

function storedScale(scale: Float32Array): Pick<CodePlane, "scale" | "scaleDtype"> {
  const rounded = scale.map(roundToF16);
  const close = scale.every((s, i) => Math.abs(rounded[i]! - s) <= F16_RELATIVE_ERROR * Math.abs(s));
  return close ? { scale: rounded, scaleDtype: "F16" } : { scale, scaleDtype: "F32" };
}

function requireFinite(id: string, scale: Float32Array, groups: number): void {
  const bad = scale.findIndex((s) => !Number.isFinite(s));
  if (bad >= 0) {
    const row = Math.floor(bad / groups);
    throw new UsageError(
      `quantizer ${id}: scale of row ${row} is ${scale[bad]}; calibrate must give finite scales (are the weights finite?)`,
    );
  }
}
