/**
 * A weight quantizer: three pure functions and a dequantization rule that is data. Core derives everything else from it
 * (decode, straight-through training, packing, size, serialization, the conformance suite).
 */
import type { DequantizeRule } from "@qsae/runtime";
import type { Tensor, TensorOps, Tensors } from "./tensor-ops.ts";

/** Options of a quantizer as they are stored in files. */
export type QuantizerOptions = Readonly<Record<string, number | string | boolean>>;

/**
 * The grid a quantizer rounds to. `scale` is `[d_sae, 1]` (per atom), `[1, 1]` (per tensor) or `[d_sae, groups]` (groups of
 * neighbouring weights of an atom), for a `sum` rule `[planes, ...]` of these; positive, since training keeps its logarithm.
 */
export type Grid = Tensors & { readonly scale: Tensor };

export interface Quantizer<G extends Grid = Grid> {
  /** Stable name, stored in files: `ternary`. */
  readonly id: string;
  readonly options: QuantizerOptions;
  /** Smallest and largest integer code; bits per weight follow from the number of levels. */
  readonly codes: readonly [min: number, max: number];
  readonly dequantize: DequantizeRule;
  /**
   * Grid for w `[d_sae, d_in]`. Must be finite for zero rows.
   * @throws UsageError if d_in does not suit the quantizer, e.g. is no multiple of its group
   */
  calibrate(ops: TensorOps, w: Tensor): G;
  /**
   * Codes of w on the grid, `[d_sae, d_in]` (`[planes, d_sae, d_in]` for a `sum` rule), integers as float32.
   * The only place that rounds. Weights that already lie on the grid should get the codes they came from, so that what is
   * quantized twice is what was quantized once; the conformance suite wants that unless it is told why not.
   */
  encode(ops: TensorOps, w: Tensor, grid: G): Tensor;
  /**
   * Gradients of fake-quantize given dy `[d_sae, d_in]`.
   * Default: straight through to w (Bengio et al. 2013), exact to the grid (codes held fixed).
   */
  backward?(ops: TensorOps, dy: Tensor, w: Tensor, grid: G): { readonly w: Tensor } & Partial<G>;
}
