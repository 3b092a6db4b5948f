/** What keeps atoms at norm 1. */
import { UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";
import { runFor } from "./small-work.ts";

export interface NormalizeRows {
  /** `[rows, columns]`. */
  readonly x: Pointer;
  /** `[rows, columns]`, may be `x`. */
  readonly out: Pointer;
  readonly rows: number;
  readonly columns: number;
  /**
   * Rows of a smaller norm are divided by this; rows of zeros stay so (with 0 they become NaN).
   * Default 1e-12.
   */
  readonly minNorm?: number;
}

export interface RemoveParallel {
  /** `[rows, columns]`. */
  readonly gradient: Pointer;
  /** `[rows, columns]`, rows of norm 1. */
  readonly atoms: Pointer;
  /** `[rows, columns]`, may be `gradient`. */
  readonly out: Pointer;
  readonly rows: number;
  readonly columns: number;
}

/**
 * `x / max(norm, minNorm)` by row, in float64 inside: no float32 row overflows. A row with NaN or infinity becomes NaN where
 * they stand, and zeros or NaN elsewhere.
 * @throws UsageError for sizes that are none, or a negative `minNorm`
 */
export function normalizeRows(engine: Engine, { x, out, rows, columns, minNorm = 1e-12 }: NormalizeRows): void {
  checkSizes("normalizeRows", { rows, columns });
  if (!(minNorm >= 0)) throw new UsageError(`normalizeRows: minNorm=${minNorm}; allowed: numbers from 0`);
  if (rows > 0 && columns > 0) runFor(engine, rows * columns)("normalizeRows", x, out, rows, columns, minNorm);
}

/**
 * `g - a <g, a>` by row: what of a gradient does not change an atom's norm (Bricken et al. 2023, "Towards
 * Monosemanticity").
 * @throws UsageError for sizes that are none
 */
export function removeParallel(engine: Engine, { gradient, atoms, out, rows, columns }: RemoveParallel): void {
  checkSizes("removeParallel", { rows, columns });
  if (rows === 0 || columns === 0) return;
  runFor(engine, rows * columns)("removeParallel", gradient, atoms, out, rows, columns);
}
