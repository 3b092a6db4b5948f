/** Between the space of the activations and that of the stages: `u = R (scale * x)`, `R = H diag(signs)`. */
import { NonFiniteError } from "../errors.ts";
import { walshHadamard } from "./hadamard.ts";

/** What {@link toStageSpace} needs of an SAE. */
export interface InputSpace {
  readonly dIn: number;
  readonly inputScale: number;
  readonly signs: Int8Array | undefined;
}

/**
 * `u [rows, d_in]` from rows `first .. first + rows` of `x [n, d_in]`.
 *
 * @param rowOfFirstToken what errors add to row numbers, where x is a part of the caller's data
 */
export function toStageSpace(
  { dIn, inputScale, signs }: InputSpace,
  x: Float32Array,
  first: number,
  rows: number,
  u: Float64Array,
  rowOfFirstToken = 0,
): void {
  for (let row = 0; row < rows; row++) {
    const from = (first + row) * dIn;
    const to = row * dIn;
    let poison = 0;
    for (let d = 0; d < dIn; d++) {
      const value = x[from + d]! * inputScale;
      poison += value * 0; // NaN and Inf make NaN
      u[to + d] = signs === undefined ? value : value * signs[d]!;
    }
    if (poison !== 0) throw nonFiniteInput(x, from, dIn, rowOfFirstToken + first + row);
    if (signs !== undefined) walshHadamard(u, to, dIn);
  }
}

/** The inverse, for one token: `u [d_in]` (overwritten) to `out [d_in]` at `at`. */
export function fromStageSpace(
  { dIn, inputScale, signs }: InputSpace,
  u: Float64Array,
  out: Float32Array,
  at: number,
): void {
  if (signs !== undefined) walshHadamard(u, 0, dIn);
  for (let d = 0; d < dIn; d++) out[at + d] = (u[d]! * (signs?.[d] ?? 1)) / inputScale;
}

function nonFiniteInput(x: Float32Array, from: number, dIn: number, row: number): NonFiniteError {
  const column = x.subarray(from, from + dIn).findIndex((value) => !Number.isFinite(value));
  return new NonFiniteError(
    `activations: token row ${row}, column ${column} is ${x[from + column]}; every activation must be finite`,
  );
}
