/** `out = op(a) op(b) + bias`. Blocking and the one chain of multiply-adds per element: assembly/kernels/gemm.ts. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { TILE_COLUMNS, tileRowsOf } from "./register-tile.ts";
import { perThread, withScratch } from "./scratch.ts";
import { checkSizes } from "./sizes.ts";

export interface Gemm {
  /** `[m, k]`, or `[k, m]` with `transposeA`. */
  readonly a: Pointer;
  /** `[k, n]`, or `[n, k]` with `transposeB`. */
  readonly b: Pointer;
  /** `[m, n]`, none of the inputs. */
  readonly out: Pointer;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  /** `[n]`, added to every row. */
  readonly bias?: Pointer;
}

/** Most k per block: `depthPerBlock` of the kernel. */
const K_BLOCK = 512;
const EDGE_BYTES = 256;
/** A block of 96 rows or 128 columns by 512 k fills a quarter of a 1 MB L2. */
const BLOCK_ROWS = 96;
const BLOCK_COLUMNS = 128;
/** Tiles enough that several threads end at about the same time. */
const FEW_TILES = 16;
/** Multiply-adds below which waking a thread costs more than it saves (about 20 us of work). */
const SMALL_WORK = 1 << 20;

/**
 * float32 product of dense row-major matrices. With k = 0, rows of `bias` or zeros.
 * @throws UsageError for sizes that are not non-negative integers
 * @throws EngineMemoryError when the packed operands do not fit
 */
export function gemm(engine: Engine, product: Gemm): void {
  const { a, b, out, m, n, k, transposeA = false, transposeB = false, bias = 0 } = product;
  checkSizes("gemm", { m, n, k });
  if (m === 0 || n === 0) return;
  const run = m * n * k <= SMALL_WORK ? engine.runAlone : engine.run;

  if (k > 0 && (m === 1 || n === 1)) return vectorProduct(run, product);

  // element (i, k) of a at 4 * (i * aRow + k * aK), element (k, j) of b at 4 * (k * bK + j * bColumn)
  const [aRow, aK] = transposeA ? [1, m] : [k, 1];
  const [bK, bColumn] = transposeB ? [1, k] : [n, 1];
  // The smaller operand is packed once for all threads; blocks of the larger one are packed by whoever multiplies them.
  const unit = tileRowsOf(engine);
  const ownIsLeft = m > n;
  const tileRows = ownIsLeft ? shareOut(m, BLOCK_ROWS, unit) : m;
  const tileColumns = ownIsLeft ? n : shareOut(n, BLOCK_COLUMNS, TILE_COLUMNS);
  const own = perThread(engine, EDGE_BYTES + 4 * K_BLOCK * padded(ownIsLeft ? tileRows : tileColumns, 24));

  withScratch(engine, (scratch) => {
    const panels = scratch.floats(k * (ownIsLeft ? padded(n, TILE_COLUMNS) : padded(m, unit)));
    const blocks = scratch.bytes(own.total);
    if (ownIsLeft) {
      run("packRight", b, bK, bColumn, k, n, panels);
      run("gemm", panels, a, aRow, aK, 1, out, m, n, k, bias, tileRows, tileColumns, blocks, own.stride);
    } else {
      run("packLeft", a, aRow, aK, m, k, panels);
      run("gemm", panels, b, bColumn, bK, 0, out, m, n, k, bias, tileRows, tileColumns, blocks, own.stride);
    }
  });
}

/**
 * One row or one column: bound by reading the matrix, whose layout decides between scaled sums, which are the same chain,
 * and dot products, which sum in another order.
 */
function vectorProduct(run: Engine["run"], { a, b, out, m, n, k, transposeA, transposeB, bias = 0 }: Gemm): void {
  const biasStride = n === 1 ? 0 : 1;
  if (n === 1) {
    if (transposeA) run("matvecTransposed", a, m, b, out, k, m, bias, biasStride);
    else run("matvec", a, k, b, out, m, k, bias, biasStride);
  } else if (transposeB) run("matvec", b, k, a, out, n, k, bias, biasStride);
  else run("matvecTransposed", b, n, a, out, k, n, bias, biasStride);
}

const padded = (size: number, unit: number): number => Math.ceil(size / unit) * unit;

/** Rows or columns per tile: `most`, or less where that leaves few tiles. */
const shareOut = (size: number, most: number, unit: number): number =>
  Math.min(Math.floor(most / unit) * unit, Math.max(4 * unit, padded(Math.ceil(size / FEW_TILES), unit)));
