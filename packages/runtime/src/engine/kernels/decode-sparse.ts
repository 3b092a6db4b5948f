/** Reconstructions from sparse latents, and the gradient to their values. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { checkSizes } from "./sizes.ts";
import { entryCount, throwIfOutOfRange, type SparseRows } from "./sparse-entries.ts";

export interface DecodeSparse extends SparseRows {
  /** One per index. */
  readonly values: Pointer;
  /** `[d_sae, d_in]`. */
  readonly wDec: Pointer;
  /** `[d_in]`, added to every row. */
  readonly bias?: Pointer;
  /** `[n, d_in]`. */
  readonly out: Pointer;
  readonly dIn: number;
}

/**
 * `out[i] = bias + sum_j values[i, j] wDec[indices[i, j]]`, j ascending.
 * @throws UsageError for sizes or offsets that are none, or an index outside `0 .. dSae - 1`
 */
export function decodeSparse(engine: Engine, decode: DecodeSparse): void {
  const { values, indices, offsets = 0, wDec, bias = 0, out, n, k = 0, dIn, dSae } = decode;
  checkSizes("decodeSparse", { dIn });
  entryCount(engine, "decodeSparse", decode);
  engine.run("decodeSparse", values, indices, offsets, wDec, bias, out, n, k, dIn, dSae);
  throwIfOutOfRange(engine, "decodeSparse", indices, dSae);
}

export interface LatentGradient extends SparseRows {
  /** `[n, d_in]`: the gradient to the reconstruction. */
  readonly dOut: Pointer;
  /** `[d_sae, d_in]`. */
  readonly wDec: Pointer;
  /** One per index. */
  readonly out: Pointer;
  readonly dIn: number;
}

/**
 * `out[i, j] = <dOut[i], wDec[indices[i, j]]>`: the gradient to the values of {@link decodeSparse}.
 * @throws UsageError as {@link decodeSparse}
 */
export function latentGradient(engine: Engine, gradient: LatentGradient): void {
  const { dOut, wDec, indices, offsets = 0, out, n, k = 0, dIn, dSae } = gradient;
  checkSizes("latentGradient", { dIn });
  entryCount(engine, "latentGradient", gradient);
  engine.run("latentGradient", dOut, wDec, indices, offsets, out, n, k, dIn, dSae);
  throwIfOutOfRange(engine, "latentGradient", indices, dSae);
}
