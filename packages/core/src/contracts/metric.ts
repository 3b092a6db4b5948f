/**
 * A streaming metric: start, update per batch, finish. Sums are kept in float64 and ratios are formed once, in `finish`;
 * nothing is ever an average of batch ratios.
 */
import type { Latents } from "@qsae/runtime";

/** One evaluated batch. */
export interface EvaluatedBatch {
  readonly n: number;
  readonly dIn: number;
  /** What was encoded: `[n, d_in]` */
  readonly x: Float32Array;
  /** What was to be reconstructed, where that is not x (transcoders): `[n, d_in]` */
  readonly target?: Float32Array;
  /** `[n, d_in]`, made with the weights as they are stored (quantized ones included). */
  readonly reconstruction: Float32Array;
  readonly latents: Latents;
  /** Row numbers in the source `[n]`. */
  readonly rows: Int32Array;
}

export interface MetricRun<R> {
  /** One batch. A promise is awaited before the next batch comes. */
  update(batch: EvaluatedBatch): void | Promise<void>;
  /** @throws QsaeError when the metric is undefined on this data (no tokens, zero variance); never returns NaN. */
  finish(): R;
}

export interface Metric<R> {
  readonly id: string;
  start(shape: { readonly dIn: number; readonly dSae: number }): MetricRun<R>;
}
