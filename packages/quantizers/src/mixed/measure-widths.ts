/** The distortion of widths on given weights, which are no Gaussians without end. */
import { UsageError, type HostTensor } from "@qsae/runtime";
import { dequantize, type TensorOps } from "@qsae/core";
import { gaussianWidths, quantizerOfWidth, type Width } from "./widths.ts";

/** Enough for a mean within a percent, and a second or two for all widths. */
const SAMPLED_ROWS = 256;

/**
 * {@link gaussianWidths} with the distortion that each quantizer has on rows of w `[d_sae, d_in]`: the mean of
 * `|w - q|^2 / |w|^2` over 256 rows at even distances, or all if there are fewer. Rows that are zero are left out.
 *
 * @param bits bits per code; default every width
 * @throws UsageError if a width is unknown or all those rows are zero or not finite
 * @example
 * const widths = await measureWidths(ops, wDec);
 * const bits = allocateBits(importance, { dIn, budget: 2, widths });
 */
export async function measureWidths(
  ops: TensorOps,
  w: HostTensor,
  bits?: readonly number[],
): Promise<readonly Width[]> {
  const rows = sampledRows(w);
  const energy = energies(rows);
  const measured: Width[] = [];
  for (const width of gaussianWidths(bits)) {
    const quantizer = quantizerOfWidth(width.bits);
    if (quantizer === undefined) {
      measured.push(width);
      continue;
    }
    const error = ops.tidy(() => {
      const given = ops.fromHost(rows); // [rows, d_in]
      const grid = quantizer.calibrate(ops, given);
      const rounded = dequantize(ops, quantizer, quantizer.encode(ops, given, grid), grid.scale);
      return ops.sum(ops.square(ops.sub(given, rounded)), 1); // [rows]
    });
    const { data } = await ops.read(error);
    ops.dispose(error);
    const distortion = energy.reduce((sum, value, row) => sum + data[row]! / value, 0) / energy.length;
    measured.push({ ...width, distortion });
  }
  return measured;
}

/** Rows that are finite and not zero. */
function sampledRows({ shape, data }: HostTensor): HostTensor {
  const [rows, cols] = shape as [number, number];
  const step = Math.max(1, rows / SAMPLED_ROWS);
  const kept: Float32Array[] = [];
  for (let at = 0; at < rows; at += step) {
    const row = Math.floor(at);
    const weights = Float32Array.from(data.subarray(row * cols, (row + 1) * cols));
    const sum = weights.reduce((total, weight) => total + weight * weight, 0);
    if (sum > 0 && Number.isFinite(sum)) kept.push(weights);
  }
  if (kept.length === 0) throw new UsageError("measureWidths: every sampled row is zero or not finite");
  const values = new Float32Array(kept.length * cols); // [rows, d_in]
  for (const [i, weights] of kept.entries()) values.set(weights, i * cols);
  return { shape: [kept.length, cols], data: values };
}

/** `|w|^2` of every row. */
function energies({ shape, data }: HostTensor): Float64Array {
  const [rows, cols] = shape as [number, number];
  const sums = new Float64Array(rows);
  for (let i = 0; i < data.length; i++) sums[Math.floor(i / cols)]! += data[i]! ** 2;
  return sums;
}
