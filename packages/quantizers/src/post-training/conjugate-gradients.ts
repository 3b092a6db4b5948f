/** Conjugate gradients (Hestenes & Stiefel 1952) with a diagonal preconditioner, for products that a backend computes. */

/** An unknown in several parts. */
export type Vector = readonly Float64Array[];

export interface LinearSystem {
  /** Symmetric and positive definite. */
  readonly product: (direction: Vector) => Promise<Vector>;
  readonly rhs: Vector;
  /** Positive, of the size of the system's diagonal. */
  readonly diagonal: Vector;
}

export interface ConjugateGradientsOptions {
  readonly iterations: number;
  /** Ends where the preconditioned residual has shrunk by this factor. Default 1e-4. */
  readonly tolerance?: number;
}

/** Solves the system from 0. */
export async function conjugateGradients(
  { product, rhs, diagonal }: LinearSystem,
  { iterations, tolerance = 1e-4 }: ConjugateGradientsOptions,
): Promise<Vector> {
  const precondition = (v: Vector): Vector => combined(v, diagonal, (value, d) => value / d);
  let solution: Vector = rhs.map((values) => new Float64Array(values.length));
  let residual = rhs;
  let direction = precondition(residual);
  let energy = inner(residual, direction);
  const enough = energy * tolerance ** 2;
  for (let i = 0; i < iterations && energy > enough; i++) {
    const moved = await product(direction);
    const length = energy / inner(direction, moved);
    solution = combined(solution, direction, (value, d) => value + length * d);
    residual = combined(residual, moved, (value, d) => value - length * d);
    const preconditioned = precondition(residual);
    const next = inner(residual, preconditioned);
    const carried = next / energy;
    direction = combined(preconditioned, direction, (value, d) => value + carried * d);
    energy = next;
  }
  return solution;
}

export function combined(a: Vector, b: Vector, f: (a: number, b: number) => number): Vector {
  return a.map((values, i) => values.map((value, at) => f(value, b[i]![at]!)));
}

function inner(a: Vector, b: Vector): number {
  let sum = 0;
  for (const [i, values] of a.entries()) for (let at = 0; at < values.length; at++) sum += values[at]! * b[i]![at]!;
  return sum;
}
