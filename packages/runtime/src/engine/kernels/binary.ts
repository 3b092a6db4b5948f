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

/** Up to four spans of adjacent dimensions, innermost first, along each of which an operand moves or repeats (stride 0). */
interface Spans {
  readonly sizes: [number, number, number, number];
  readonly aStrides: [number, number, number, number];
  readonly bStrides: [number, number, number, number];
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
  const { sizes, aStrides, bStrides } = broadcast(op, aShape, bShape);
  const [n, rows2, rows1, rows0] = sizes;
  const length = n * rows2 * rows1 * rows0;
  if (length === 0) return;
  const [aMoves, aStride2, aStride1, aStride0] = aStrides;
  const [bMoves, bStride2, bStride1, bStride0] = bStrides;
  runFor(engine, length)(
    "binary",
    ...([code, a, b, out, rows0, rows1, rows2, n] as const),
    ...([aStride0, aStride1, aStride2, aMoves, bStride0, bStride1, bStride2, bMoves] as const),
  );
}

/** Dimensions are merged where both operands go on in the same way, so that most calls are one span or two. */
function broadcast(op: BinaryOp, aShape: readonly number[], bShape: readonly number[]): Spans {
  const rank = Math.max(aShape.length, bShape.length);
  const fail = (why: string): never => {
    throw new UsageError(`binary: ${op} of [${aShape.join(", ")}] and [${bShape.join(", ")}]: ${why}`);
  };
  if (rank > MOST_DIMENSIONS) fail(`${rank} dimensions; allowed: up to ${MOST_DIMENSIONS}`);

  const spans: Spans = { sizes: [1, 1, 1, 1], aStrides: [0, 0, 0, 0], bStrides: [0, 0, 0, 0] };
  const { sizes, aStrides, bStrides } = spans;
  let count = 0;
  // Numbers of each operand in one index of the axis.
  let [aStride, bStride] = [1, 1];
  for (let fromEnd = 1; fromEnd <= rank; fromEnd++) {
    const aSize = aShape[aShape.length - fromEnd] ?? 1;
    const bSize = bShape[bShape.length - fromEnd] ?? 1;
    checkSizes("binary", { aShape: aSize, bShape: bSize });
    if (aSize !== bSize && aSize !== 1 && bSize !== 1) fail("dimensions must be equal or 1");
    const size = aSize === 1 ? bSize : aSize;
    if (size === 1) continue;
    const [aMoves, bMoves] = [aSize === size, bSize === size];
    if (count > 0 && (aStrides[count - 1] !== 0) === aMoves && (bStrides[count - 1] !== 0) === bMoves) {
      sizes[count - 1]! *= size;
    } else {
      sizes[count] = size;
      aStrides[count] = aMoves ? aStride : 0;
      bStrides[count] = bMoves ? bStride : 0;
      count++;
    }
    aStride *= aSize;
    bStride *= bSize;
  }
  return spans;
}
