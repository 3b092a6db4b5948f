/** Why the scores of an encoder are not finite: looked for only when one is not. */
import { NonFiniteError } from "@qsae/runtime";

/** An error naming the first argument that holds NaN or Inf, and where; undefined when all are finite. */
export function nonFiniteArgument(
  op: string,
  named: Readonly<Record<string, ArrayLike<number>>>,
): NonFiniteError | undefined {
  for (const [argument, values] of Object.entries(named)) {
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(values[i])) {
        return new NonFiniteError(
          `${op}: ${argument} holds ${values[i]} at entry ${i}; allowed: finite numbers. Find where it came from: data, or a learning rate too high`,
        );
      }
    }
  }
  return undefined;
}

/** Scores `[n, width]` that must be finite. @throws NonFiniteError naming the first row that is not */
export function requireFiniteScores(op: string, scores: ArrayLike<number>, width: number): void {
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i])) {
      throw new NonFiniteError(
        `${op}: the scores of row ${Math.floor(i / width)} overflow float32 although every argument is finite; scale the data or the weights down`,
      );
    }
  }
}
