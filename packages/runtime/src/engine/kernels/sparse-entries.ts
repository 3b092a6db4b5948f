/** Sparse latents as kernels take them: k per row, or ragged rows by CSR offsets. */
import { UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";

/** Rows of sparse latents; give `k` for `indices [n, k]`, or `offsets [n + 1]` for `indices [offsets[n]]`. */
export interface SparseRows {
  /** int32, each in `0 .. dSae - 1`. */
  readonly indices: Pointer;
  readonly n: number;
  readonly dSae: number;
  readonly k?: number;
  /** int32, ascending from 0: row i owns entries `offsets[i] .. offsets[i + 1]`. */
  readonly offsets?: Pointer;
}

/**
 * Entries in all, after checking the sizes and the offsets.
 * @throws UsageError unless exactly one of k and offsets is given, or for offsets that do not ascend from 0
 */
export function entryCount(engine: Engine, kernel: string, rows: SparseRows): number {
  const { n, dSae, k, offsets } = rows;
  checkSizes(kernel, { n, dSae });
  if ((k === undefined) === (offsets === undefined)) {
    throw new UsageError(`${kernel}: give either k (latents per row) or offsets (ragged rows)`);
  }
  if (offsets === undefined) {
    checkSizes(kernel, { k: k! });
    return n * k!;
  }
  const view = engine.i32(offsets, n + 1);
  for (let i = 0; i <= n; i++) {
    if (view[i]! >= (i === 0 ? 0 : view[i - 1]!) && (i > 0 || view[0] === 0)) continue;
    throw new UsageError(`${kernel}: offsets[${i}]=${view[i]} ; offsets must start at 0 and not descend`);
  }
  return view[n]!;
}

/** @throws UsageError if the kernel that just ran reported an entry whose index is out of range */
export function throwIfOutOfRange(engine: Engine, kernel: string, indices: Pointer, limit: number): void {
  const entry = engine.status();
  if (entry === undefined) return;
  const index = engine.i32(indices, entry + 1)[entry];
  throw new UsageError(`${kernel}: indices[${entry}]=${index} is out of range; allowed: 0 .. ${limit - 1}`);
}
