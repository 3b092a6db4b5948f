/** Coded rows gathered by quantizer: what can be packed, and computed with, as one matrix each. */
import { UsageError } from "@qsae/runtime";
import { dequantize, type CodedMatrix, type Tensor, type TensorOps } from "@qsae/core";
import { planesOf, type CodedRow, type CodedRows, type RowQuantizer } from "./coded-rows.ts";
import { quantizerKey } from "./row-quantizers.ts";

export interface CodedPart extends CodedMatrix {
  readonly quantizer: RowQuantizer;
  /** Row numbers in the whole matrix, ascending. */
  readonly members: Int32Array;
  /** Rows of the whole matrix: those of all parts and the dropped ones. */
  readonly wholeRows: number;
  /** Whether no method may change the scale. */
  readonly fixedScale: boolean;
}

/**
 * One part per quantizer, in the order in which these first occur; dropped rows are in none.
 *
 * @throws UsageError if every row is dropped
 */
export function partsOf(rows: CodedRows, cols: number): CodedPart[] {
  const members = new Map<string, number[]>();
  for (const [j, row] of rows.entries()) {
    if (!row) continue;
    const key = quantizerKey(row.quantizer);
    const same = members.get(key);
    if (same) same.push(j);
    else members.set(key, [j]);
  }
  if (members.size === 0) throw new UsageError(`post-training: all ${rows.length} rows are dropped; keep at least one`);
  return [...members.values()].map((own) => partOf(own, rows, cols));
}

function partOf(members: readonly number[], rows: CodedRows, cols: number): CodedPart {
  const count = members.length;
  const { quantizer, sharedScale, fixedScale = false, scale: firstScale } = rows[members[0]!]!;
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
    wholeRows: rows.length,
    fixedScale,
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
  if (parts[0]!.rows === parts[0]!.wholeRows) return decoded[0]!;
  return scattered(ops, parts, decoded);
}

/**
 * Parts in the places of their rows. Each row has one place at most, so the gradient of a part is a gather too; tfjs's for a gather adds
 * up over places, a pass over everything for each.
 */
function scattered(ops: TensorOps, parts: readonly CodedPart[], decoded: readonly Tensor[]): Tensor {
  const { cols, wholeRows } = parts[0]!;
  const codedRows = parts.reduce((sum, { rows }) => sum + rows, 0);
  const place = new Int32Array(wholeRows).fill(codedRows); // dropped rows are the zeros after all others
  let next = 0;
  for (const { members } of parts) for (const j of members) place[j] = next++;
  const at = (a: Tensor, rows: Int32Array): Tensor => ops.gather(a, ops.tensor(rows, [rows.length], "int32"));
  return ops.customGrad(
    decoded,
    () => {
      const zeros = codedRows < wholeRows ? [ops.zeros([1, cols])] : [];
      return { value: at(ops.concat([...decoded, ...zeros], 0), place), saved: [] };
    },
    (dy) => parts.map(({ members }) => at(dy, members)),
  );
}

/** Rows with other scales, given part by part as {@link scaleTensorShape} has them. */
export function withScales(
  rows: CodedRows,
  parts: readonly CodedPart[],
  scales: readonly Float32Array[],
): (CodedRow | undefined)[] {
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
