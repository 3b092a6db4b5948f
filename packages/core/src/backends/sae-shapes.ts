/** Argument checks of the SAE ops, shared by all backends. Each error names the op, the argument, the given and the allowed. */
import { elementCount, UsageError } from "@qsae/runtime";
import type { Tensor } from "../contracts/tensor-ops.ts";

const text = (shape: readonly number[]): string => `[${shape.join(", ")}]`;

function requireShape(op: string, argument: string, a: Tensor, expected: readonly (number | string)[]): void {
  const matches =
    a.shape.length === expected.length && expected.every((size, i) => typeof size === "string" || size === a.shape[i]);
  if (!matches)
    throw new UsageError(`${op}: ${argument} has shape ${text(a.shape)}; expected [${expected.join(", ")}]`);
}

/** @throws UsageError unless both have one shape */
export function checkSameShape(op: string, argument: string, a: Tensor, expected: Tensor): void {
  requireShape(op, argument, a, expected.shape);
}

export function checkEncodeShapes(x: Tensor, wEnc: Tensor, bEnc: Tensor, k: number, center?: Tensor): void {
  requireShape("encodeTopK", "W_enc", wEnc, ["d_in", "d_sae"]);
  const [dIn, dSae] = wEnc.shape as [number, number];
  requireShape("encodeTopK", "x", x, ["n", dIn]);
  requireShape("encodeTopK", "b_enc", bEnc, [dSae]);
  if (center) requireShape("encodeTopK", "center", center, [dIn]);
  if (!Number.isInteger(k) || k < 1 || k > dSae) {
    throw new UsageError(`encodeTopK: k=${k} is not an integer in 1..d_sae=${dSae}; lower k or widen the dictionary`);
  }
}

export function checkDecodeShapes(values: Tensor, indices: Tensor, dSae: number, wDec: Tensor): void {
  requireShape("decodeSparse", "values", values, ["n", "k"]);
  requireShape("decodeSparse", "indices", indices, values.shape);
  requireShape("decodeSparse", "W_dec", wDec, [dSae, "d_in"]);
}

export function checkBatchCount(values: Tensor, count: number): void {
  requireShape("batchTopK", "values", values, ["n", "m"]);
  const entries = elementCount(values.shape);
  if (!Number.isInteger(count) || count < 0 || count > entries) {
    throw new UsageError(`batchTopK: count=${count} is not an integer in 0..${entries}, the entries of values`);
  }
}

/** @throws UsageError unless scale is `[rows | 1, groups]` for w `[rows, columns]`, groups dividing columns */
export function checkGridShapes(op: string, argument: string, w: Tensor, scale: Tensor): void {
  requireShape(op, argument, w, ["rows", "columns"]);
  const [rows, columns] = w.shape as [number, number];
  const [scaleRows, groups] = scale.shape;
  if (scale.shape.length === 2 && (scaleRows === rows || scaleRows === 1) && columns % groups! === 0) return;
  throw new UsageError(
    `${op}: scale has shape ${text(scale.shape)}; expected [${rows} or 1, groups], groups dividing ${columns}`,
  );
}
