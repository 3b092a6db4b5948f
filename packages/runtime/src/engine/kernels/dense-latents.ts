/** From sparse latents to dense ones, and to how often each fired. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { entryCount, throwIfOutOfRange, type SparseRows } from "./sparse-entries.ts";

export interface ScatterRows extends SparseRows {
  /** One per index. */
  readonly values: Pointer;
  /** `[n, d_sae]`. */
  readonly out: Pointer;
}

/**
 * Dense latents: the values at their indices, zeros elsewhere.
 * @throws UsageError for sizes or offsets that are none, or an index outside `0 .. dSae - 1`
 */
export function scatterRows(engine: Engine, latents: ScatterRows): void {
  const { values, indices, offsets = 0, out, n, k = 0, dSae } = latents;
  entryCount(engine, "scatterRows", latents);
  engine.run("scatterRows", values, indices, offsets, out, n, k, dSae);
  throwIfOutOfRange(engine, "scatterRows", indices, dSae);
}

export interface CountFired extends SparseRows {
  /** One per index. */
  readonly values: Pointer;
  /** `[d_sae]` float32. */
  readonly out: Pointer;
}

/**
 * How many entries of each latent have a value that is not 0.
 * @throws UsageError as {@link scatterRows}
 */
export function countFired(engine: Engine, latents: CountFired): void {
  const { values, indices, out, dSae } = latents;
  const count = entryCount(engine, "countFired", latents);
  engine.runAlone("countFired", values, indices, out, count, dSae);
  throwIfOutOfRange(engine, "countFired", indices, dSae);
}
