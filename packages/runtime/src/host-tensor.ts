/** Typed arrays a tensor may live in outside a backend. */
export type HostData = Float32Array | Int32Array | Uint8Array;

/** A tensor in plain memory, row-major: what files hold, what checkpoints carry, what the runtime interprets. */
export interface HostTensor<D extends HostData = HostData> {
  readonly shape: readonly number[];
  readonly data: D;
}

/** Tensors by name, e.g. `{ W_enc, b_enc, W_dec, b_dec }`. */
export type HostTensors = Readonly<Record<string, HostTensor>>;

/** Number of elements of `shape`; 1 for a scalar (`[]`). */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
