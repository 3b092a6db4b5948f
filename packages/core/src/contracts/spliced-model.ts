/**
 * A language model whose activations at one place, its hook, can be replaced while it runs: what does the model lose if it has
 * to go on from a reconstruction? Every position of a window is replaced but the first, which attention sinks make unlike
 * all others and which SAEs are not trained on.
 */
import type { TokenWindows } from "./token-windows.ts";

/**
 * What to put in the place of activations.
 *
 * @param x `[n, d_in]`: positions 1, 2, ... of window after window; not to be changed
 * @returns `[n, d_in]`
 */
export type Splice = (x: Float32Array, n: number) => Float32Array | Promise<Float32Array>;

export interface SpliceOptions {
  /** Called after every run of the model. */
  readonly onProgress?: (progress: { readonly windows: number; readonly totalWindows: number }) => void;
  /** Stops before the next run; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The model's predictions with a splice, as means over all predicted tokens. */
export interface SplicedLoss {
  /** Cross-entropy, nats per predicted token. */
  readonly crossEntropy: number;
  /** KL(clean || spliced) of the predicted distributions, nats per predicted token; never negative. */
  readonly kl: number;
}

export interface SplicedCrossEntropy<Name extends string = string> {
  /** Predicted tokens: `count * (context - 1)`. */
  readonly tokens: number;
  /** Cross-entropy of the model as it is, nats per predicted token. */
  readonly clean: number;
  /** Under the names of the splices. */
  readonly spliced: Readonly<Record<Name, SplicedLoss>>;
}

export interface SplicedModel {
  /** Name of the tensor that is replaced. */
  readonly hook: string;
  /** Its width. */
  readonly dIn: number;
  /** Token ids are below this. */
  readonly vocabulary: number;

  /**
   * The activations that a splice would be given, run by run: `[n, d_in]`.
   *
   * @throws UsageError if the windows do not suit the model; NonFiniteError naming window and position of a NaN or Inf
   */
  activations(windows: TokenWindows, options?: SpliceOptions): AsyncIterable<Float32Array>;

  /**
   * Losses of the model as it is and with each splice, all on the same windows in one pass. Sums are kept in float64 and
   * ratios formed once.
   *
   * @throws UsageError if the windows do not suit the model, or a splice returns another number of values; NonFiniteError
   * naming window and position if activations, a replacement or predictions are NaN or infinite
   */
  crossEntropy<Name extends string>(
    windows: TokenWindows,
    splices: Readonly<Record<Name, Splice>>,
    options?: SpliceOptions,
  ): Promise<SplicedCrossEntropy<Name>>;

  close(): Promise<void>;
}
