/** Coded rows gathered by quantizer: what can be packed, and computed with, as one matrix each. */
import { dequantize, type CodedMatrix, type Tensor, type TensorOps } from "@qsae/core";
import { planesOf, type CodedRow, type RowQuantizer } from "./coded-rows.ts";

export interface CodedPart extends CodedMatrix {
  readonly quantizer: RowQuantizer;
  /** Row numbers in the whole matrix, ascending. */
  readonly members: Int32Array;
}

export function partsOf(rows: readonly CodedRow[], cols: number): CodedPart[] {
  const members = new Map<RowQuantizer, number[]>();
  for (const [j, { quantizer }] of rows.entries()) {
    const same = members.get(quantizer);
    if (same) same.push(j);
    else members.set(quantizer, [j]);
  }
  return [...members].map(([quantizer, own]) => partOf(quantizer, own, rows, cols));
}

function partOf(
  quantizer: RowQuantizer,
  members: readonly number[],
  rows: readonly CodedRow[],
  cols: number,
): CodedPart {
  const count = members.length;
  const { sharedScale, scale: firstScale } = rows[members[0]!]!;
  const planes = planesOf(quantizer);
  const groups = firstScale.length / planes;
  const scaleRows = sharedScale ? 1 : count;
  const codes = new Int16Array(planes * count * cols);
  const scale = new Float32Array(planes * scaleRows * groups);
  for (const [at, j] of members.entries()) {
    const row = rows[j]!;
    for (let plane = 0; plane < planes; plane++) {
      codes.set(row.codes.subarray(plane * cols, (plane + 1) * cols), (plane * count + at) * cols);
      if (sharedScale && at > 0) continue;
      scale.set(row.scale.subarray(plane * groups, (plane + 1) * groups), (plane * scaleRows + at) * groups);
    }
  }
  return {
    quantizer,
    members: Int32Array.from(members),
    rows: count,
    cols,
    codes,
    scale,
    scaleShape: [scaleRows, groups],
  };
}

/** Shape of a part's scale as a tensor: `[rows | 1, groups]`, with planes before where the rule is a sum. */
export function scaleTensorShape({ quantizer, scaleShape }: CodedPart): number[] {
  return quantizer.dequantize.kind === "sum" ? [planesOf(quantizer), ...scaleShape] : [...scaleShape];
}

/** Codes of a part as a tensor: `[rows, cols]`, with planes before where the rule is a sum. */
export function codesTensor(ops: TensorOps, { quantizer, rows, cols, codes }: CodedPart): Tensor {
  const planes = quantizer.dequantize.kind === "sum" ? [planesOf(quantizer)] : [];
  return ops.tensor(Float32Array.from(codes), [...planes, rows, cols]);
}

/**
 * The whole matrix `[d_sae, d_in]` from the parts' codes and scales. Differentiable in the scales.
 *
 * @param codes as {@link codesTensor} gives them, part by part
 */
export function partWeights(
  ops: TensorOps,
  parts: readonly CodedPart[],
  codes: readonly Tensor[],
  scales: readonly Tensor[],
): Tensor {
  const decoded = parts.map(({ quantizer }, p) => dequantize(ops, quantizer, codes[p]!, scales[p]!)); // each [rows, d_in]
  if (decoded.length === 1) return decoded[0]!;
  const place = new Int32Array(parts.reduce((sum, { rows }) => sum + rows, 0));
  let next = 0;
  for (const { members } of parts) for (const j of members) place[j] = next++;
  return ops.gather(ops.concat(decoded, 0), ops.tensor(place, [place.length], "int32"));
}

/** Rows with other scales, given part by part as {@link scaleTensorShape} has them. */
export function withScales(
  rows: readonly CodedRow[],
  parts: readonly CodedPart[],
  scales: readonly Float32Array[],
): CodedRow[] {
  const changed = rows.slice();
  for (const [p, { quantizer, members, scaleShape }] of parts.entries()) {
    const [scaleRows, groups] = scaleShape;
    const planes = planesOf(quantizer);
    for (const [at, j] of members.entries()) {
      const scale = new Float32Array(planes * groups);
      for (let plane = 0; plane < planes; plane++) {
        const from = (plane * scaleRows + (scaleRows === 1 ? 0 : at)) * groups;
        scale.set(scales[p]!.subarray(from, from + groups), plane * groups);
      }
      changed[j] = { ...rows[j]!, scale };
    }
  }
  return changed;
}
