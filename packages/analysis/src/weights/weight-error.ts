/** Errors of single weights, `q - w` against a reference w, added up. */
import { NonFiniteError } from "@qsae/runtime";

export interface WeightError {
  /** Weights compared. */
  readonly weights: number;
  /** `sum (q - w)^2 / weights` */
  readonly mse: number;
  /** `sum |q - w| / weights` */
  readonly meanAbs: number;
  /** `max |q - w|` */
  readonly maxAbs: number;
  /** `sqrt(sum (q - w)^2)`, the norm of the whole difference. */
  readonly l2: number;
}

/** Sums of a {@link WeightError} while weights are added. */
export interface ErrorSums {
  weights: number;
  squares: number;
  absolute: number;
  maxAbs: number;
}

export function noErrors(): ErrorSums {
  return { weights: 0, squares: 0, absolute: 0, maxAbs: 0 };
}

/**
 * The sums of one row.
 *
 * @param what names the row, for the error
 * @returns the sums, and the column of the largest error (of equal ones the first)
 * @throws NonFiniteError if a weight is NaN or infinite
 */
export function rowErrors(
  q: Float32Array,
  w: Float32Array,
  what: () => string,
): ErrorSums & { readonly worst: number } {
  let [squares, absolute, maxAbs, worst] = [0, 0, 0, 0];
  for (let c = 0; c < q.length; c++) {
    const error = Math.abs(q[c]! - w[c]!);
    squares += error * error;
    absolute += error;
    if (error > maxAbs) {
      maxAbs = error;
      worst = c;
    }
  }
  if (!Number.isFinite(squares)) throw new NonFiniteError(`${what()} holds NaN or Inf; check the weights of both SAEs`);
  return { weights: q.length, squares, absolute, maxAbs, worst };
}

export function addErrors(sums: ErrorSums, more: ErrorSums): void {
  sums.weights += more.weights;
  sums.squares += more.squares;
  sums.absolute += more.absolute;
  sums.maxAbs = Math.max(sums.maxAbs, more.maxAbs);
}

/** @param sums of at least one weight */
export function weightError({ weights, squares, absolute, maxAbs }: ErrorSums): WeightError {
  return { weights, mse: squares / weights, meanAbs: absolute / weights, maxAbs, l2: Math.sqrt(squares) };
}
