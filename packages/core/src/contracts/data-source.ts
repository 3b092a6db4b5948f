/** Activations, batch by batch. Implementations never hold more than a bounded window in memory. */
export interface DataSource {
  /** Width of the activations. */
  readonly dIn: number;
  /** Tokens in one pass. */
  readonly tokens: number;
  /** Where they come from: file, tensor, model, hook. */
  readonly provenance: Readonly<Record<string, string>>;
  /**
   * One pass over the data. The same options give the same batches. The last batch may be short.
   * @throws NonFiniteError naming file and row if a value is NaN or Inf
   */
  batches(options: BatchOptions): AsyncIterable<Batch>;
  close(): Promise<void>;
}

export interface BatchOptions {
  /** Tokens per batch. */
  readonly batchSize: number;
  /** Shuffles with this seed and `epoch`; absent: file order. */
  readonly seed?: number;
  /** Pass number, so that every pass has another order. Default 0. */
  readonly epoch?: number;
  /** Batches to leave out at the start, so that a resumed run goes on where it was. Default 0. */
  readonly skipBatches?: number;
}

export interface Batch {
  /** `[n, d_in]` row-major. Valid until the next batch is asked for. */
  readonly x: Float32Array;
  /** What is to be reconstructed from x, where that is something else (transcoders): `[n, d_in]`, the same tokens. */
  readonly target?: Float32Array;
  readonly n: number;
  /** Row numbers in the source `[n]`. */
  readonly rows: Int32Array;
}
