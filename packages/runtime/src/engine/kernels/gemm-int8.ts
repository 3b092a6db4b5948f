/** `out = a b^T` in integers, exact. Panels and tiles: assembly/kernels/gemm-int8.ts. */
import { UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { codeWidth } from "./code-width.ts";
import { DOT_ROWS, TILE_COLUMNS } from "./register-tile.ts";
import { perThread, withScratch } from "./scratch.ts";
import { checkSizes } from "./sizes.ts";

export interface GemmInt8 {
  /** `[m, k]` bytes, 0 .. 127: the range in which every machine multiplies alike. Larger ones give garbage. */
  readonly a: Pointer;
  /** `[n, k]` bytes, -128 .. 127. */
  readonly b: Pointer;
  /** `[m, n]` int32. */
  readonly out: Pointer;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}

/** The longest sum of products of 127 and -128 that int32 holds. */
const MOST_TERMS = Math.floor(2 ** 31 / (127 * 128));

/**
 * @throws UsageError for sizes that are none, or k so large that sums could overflow
 * @throws EngineMemoryError when the packed operands do not fit
 */
export function gemmInt8(engine: Engine, { a, b, out, m, n, k }: GemmInt8): void {
  checkSizes("gemmInt8", { m, n, k });
  if (k > MOST_TERMS) throw new UsageError(`gemmInt8: k=${k} may overflow int32; at most ${MOST_TERMS}`);
  if (m === 0 || n === 0) return;
  const width = codeWidth(engine);
  const groups = Math.ceil((k * width) / 4);
  const panelBytes = (rows: number, height: number): number => 4 * groups * Math.ceil(rows / height) * height;
  const own = perThread(engine, 4 * DOT_ROWS * TILE_COLUMNS);
  withScratch(engine, (scratch) => {
    const left = scratch.bytes(panelBytes(m, DOT_ROWS));
    const right = scratch.bytes(panelBytes(n, TILE_COLUMNS));
    engine.run("packCodes", a, 0, m, k, DOT_ROWS, width, left);
    engine.run("packCodes", b, 1, n, k, TILE_COLUMNS, width, right);
    engine.run("gemmInt8", left, right, groups, width, out, m, n, scratch.bytes(own.total), own.stride);
  });
}
