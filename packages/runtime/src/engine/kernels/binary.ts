/** Functions of two numbers, elementwise, with numpy's broadcasting. */
import { unknownName, UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { binaryOps, type BinaryOp } from "./elementwise-ops.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface Binary {
  readonly a: Pointer;
  /** Up to 4 dimensions; `[]` for a scalar. */
  readonly aShape: readonly number[];
  readonly b: Pointer;
  readonly bShape: readonly number[];
  /** Of the broadcast shape. May be an operand that has that shape. */
  readonly out: Pointer;
}

const MOST_DIMENSIONS = 4;

/** A run of adjacent dimensions along which each operand either moves or repeats. */
interface Span {
  readonly size: number;
  readonly aMoves: boolean;
  readonly bMoves: boolean;
}

/**
 * `out = op(a, b)`. Shapes are aligned at their last dimension; a size of 1 repeats. IEEE arithmetic: `min` and `max` take
 * NaN to NaN, as Math.min and Math.max do. Comparisons give 1 or 0 as float32; with NaN all are 0 except `notEqual`.
 * @throws UsageError for an unknown op, more than 4 dimensions, sizes that are none, shapes that do not broadcast
 * @example
 * binary(engine, "add", { a: x, aShape: [n, dIn], b: bias, bShape: [dIn], out: x });
 */
export function binary(engine: Engine, op: BinaryOp, { a, aShape, b, bShape, out }: Binary): void {
  const code = binaryOps.indexOf(op);
  if (code < 0) throw unknownName("binary op", op, binaryOps);
  const spans = broadcast(op, aShape, bShape);
  const length = spans.reduce((product, { size }) => product * size, 1);
  if (length === 0) return;

  // Whole tensors are one span, or none for one number: by far the most frequent, and along the last span anyway dense.
  const { size: n, aMoves, bMoves } = spans.at(-1) ?? { size: 1, aMoves: true, bMoves: true };
  const rows = spans.slice(0, -1);
  while (rows.length < MOST_DIMENSIONS - 1) rows.unshift({ size: 1, aMoves: false, bMoves: false });
  const [rows0, rows1, rows2] = rows.map(({ size }) => size) as [number, number, number];
  const aStrides = strides(rows, (row) => row.aMoves, aMoves ? n : 1);
  const bStrides = strides(rows, (row) => row.bMoves, bMoves ? n : 1);
  runFor(engine, length)(
    "binary",
    ...([code, a, b, out, rows0, rows1, rows2, n] as const),
    ...([...aStrides, Number(aMoves), ...bStrides, Number(bMoves)] as const),
  );
}

/** The broadcast shape, outermost first, adjacent dimensions merged where both operands go on in the same way. */
function broadcast(op: BinaryOp, aShape: readonly number[], bShape: readonly number[]): Span[] {
  const rank = Math.max(aShape.length, bShape.length);
  const fail = (why: string): never => {
    throw new UsageError(`binary: ${op} of [${aShape.join(", ")}] and [${bShape.join(", ")}]: ${why}`);
  };
  if (rank > MOST_DIMENSIONS) fail(`${rank} dimensions; allowed: up to ${MOST_DIMENSIONS}`);
  const spans: Span[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const aSize = aShape[axis - rank + aShape.length] ?? 1;
    const bSize = bShape[axis - rank + bShape.length] ?? 1;
    checkSizes("binary", { aShape: aSize, bShape: bSize });
    if (aSize !== bSize && aSize !== 1 && bSize !== 1) fail("dimensions must be equal or 1");
    const size = aSize === 1 ? bSize : aSize;
    if (size === 1) continue;
    const [aMoves, bMoves] = [aSize === size, bSize === size];
    const last = spans.at(-1);
    if (last && last.aMoves === aMoves && last.bMoves === bMoves) {
      spans.splice(-1, 1, { ...last, size: last.size * size });
    } else spans.push({ size, aMoves, bMoves });
  }
  return spans;
}

/** Numbers from one index of each of the three outer spans to the next; 0 where the operand repeats. */
function strides(rows: readonly Span[], moves: (row: Span) => boolean, inner: number): [number, number, number] {
  let stride = inner;
  return rows
    .toReversed()
    .map((row) => {
      if (!moves(row)) return 0;
      const own = stride;
      stride *= row.size;
      return own;
    })
    .toReversed() as [number, number, number];
}
