/**
 * The tensor interface that variants, quantizers and the training loop are written against. Names and semantics are tfjs's
 * for the ops it takes over; the SAE ops are ours. Compute is synchronous to call; reading is asynchronous (a GPU has no
 * synchronous readback). Every op is differentiable unless its description says otherwise.
 *
 * Lifetime: tensors live until disposed. Everything created inside {@link TensorOps.tidy} is disposed at its end, except
 * what is returned or kept.
 */
import type { HostData, HostTensor } from "@qsae/runtime";

export type DType = "float32" | "int32" | "bool";

/** A handle to a tensor of some backend. */
export interface Tensor {
  readonly shape: number[];
  readonly dtype: string;
}

/** Tensors by name: parameters, gradients, a quantizer's grid. */
export type Tensors = Readonly<Record<string, Tensor>>;

/** k latents per token: `values [n, k]`, `indices [n, k]` int32, ascending within a token. Width of the dictionary: `dSae`. */
export interface TopKLatents {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly dSae: number;
}

/** Result of {@link TensorOps.valueAndGrads}. */
export interface ValueAndGrads<A extends Tensors = Tensors> {
  /** Scalar. */
  readonly value: Tensor;
  /** One per parameter, of its shape; zeros where the loss does not depend on it. */
  readonly grads: Tensors;
  /** What the function returned beside the loss. */
  readonly aux: A;
}

export interface AdamOptions {
  readonly lr: number;
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly eps?: number;
  /** 1 for the first step. */
  readonly step: number;
}

/** Integer codes `min .. max` for numbers divided by a scale. */
export interface UniformGrid {
  readonly min: number;
  readonly max: number;
  /** `nearest`: half to even. `down`: to the code below, for grids whose levels lie between codes. */
  readonly rounding: "nearest" | "down";
}

/** A parameter with its two Adam moments, all of one shape. */
export interface AdamSlot {
  readonly param: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
}

export interface TensorOps {
  // creation
  tensor(data: HostData | readonly number[], shape: readonly number[], dtype?: DType): Tensor;
  scalar(value: number): Tensor;
  zeros(shape: readonly number[], dtype?: DType): Tensor;
  fill(shape: readonly number[], value: number): Tensor;
  /** Standard normal times `std`; the same numbers for a seed on every backend. */
  randomNormal(shape: readonly number[], std: number, seed: number): Tensor;
  fromHost(tensor: HostTensor): Tensor;

  // elementwise, with broadcasting; numbers stand for scalars
  add(a: Tensor | number, b: Tensor | number): Tensor;
  sub(a: Tensor | number, b: Tensor | number): Tensor;
  mul(a: Tensor | number, b: Tensor | number): Tensor;
  div(a: Tensor | number, b: Tensor | number): Tensor;
  minimum(a: Tensor | number, b: Tensor | number): Tensor;
  maximum(a: Tensor | number, b: Tensor | number): Tensor;
  neg(a: Tensor): Tensor;
  abs(a: Tensor): Tensor;
  square(a: Tensor): Tensor;
  sqrt(a: Tensor): Tensor;
  exp(a: Tensor): Tensor;
  log(a: Tensor): Tensor;
  relu(a: Tensor): Tensor;
  sigmoid(a: Tensor): Tensor;
  clipByValue(a: Tensor, min: number, max: number): Tensor;
  /** Half to even. Not differentiable. */
  round(a: Tensor): Tensor;
  /** Not differentiable. */
  floor(a: Tensor): Tensor;
  /** -1, 0 or 1. Not differentiable. */
  sign(a: Tensor): Tensor;
  /** 1 where `a > b`, else 0, as float32. Not differentiable. */
  greater(a: Tensor, b: Tensor | number): Tensor;
  /** 1 where `a >= b`, else 0, as float32. Not differentiable. */
  greaterEqual(a: Tensor, b: Tensor | number): Tensor;
  /** 1 where equal, else 0, as float32. Not differentiable. */
  equal(a: Tensor, b: Tensor | number): Tensor;
  /** Rounds toward zero to int32. Not differentiable. */
  toInt32(a: Tensor): Tensor;
  /** `condition` is non-zero where `a` is taken. Differentiable in `a` and `b`. */
  where(condition: Tensor, a: Tensor, b: Tensor): Tensor;

  // reductions over `axis` (all axes when absent)
  sum(a: Tensor, axis?: number, keepDims?: boolean): Tensor;
  mean(a: Tensor, axis?: number, keepDims?: boolean): Tensor;
  max(a: Tensor, axis?: number, keepDims?: boolean): Tensor;

  // shape
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  transpose(a: Tensor): Tensor;
  reshape(a: Tensor, shape: readonly number[]): Tensor;
  slice(a: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  concat(tensors: readonly Tensor[], axis: number): Tensor;
  /** Rows (or slices along `axis`) of `a` at int32 `indices`. */
  gather(a: Tensor, indices: Tensor, axis?: number): Tensor;

  // differentiation
  /** A tensor with the same storage that gradients do not flow through. */
  detach(a: Tensor): Tensor;
  /**
   * A function with a gradient of our own. `forward` runs unrecorded and says which tensors `backward` needs (they are
   * kept alive for it); `backward(dy, saved)` returns one gradient per input, in order, each of its input's shape.
   */
  customGrad(
    inputs: readonly Tensor[],
    forward: () => { readonly value: Tensor; readonly saved: readonly Tensor[] },
    backward: (dy: Tensor, saved: readonly Tensor[]) => readonly Tensor[],
  ): Tensor;
  /** Value and gradients of a scalar function of `params`. `aux` tensors survive to the caller. */
  valueAndGrads<A extends Tensors>(params: Tensors, f: (params: Tensors) => { loss: Tensor; aux: A }): ValueAndGrads<A>;

  // SAE ops
  /**
   * The k largest of `(x - center) W_enc + b_enc` per row, ties to the lowest index, without an activation function.
   * x `[n, d_in]`, wEnc `[d_in, d_sae]`, bEnc `[d_sae]`, center `[d_in]` (b_dec, where the SAE subtracts it; default: zeros).
   * Differentiable in all four through the selected entries.
   * @throws UsageError if shapes do not match or k is not in 1..d_sae
   */
  encodeTopK(x: Tensor, wEnc: Tensor, bEnc: Tensor, k: number, center?: Tensor): TopKLatents;
  /**
   * values `[n, m]` with all but the `count` largest of the whole batch set to 0 (Bussmann, Leask & Nanda 2024, "BatchTopK",
   * section 3.1: `count` is n k), ties to the first in reading order. Differentiable.
   * @throws UsageError unless count is an integer in 0..n*m
   */
  batchTopK(values: Tensor, count: number): Tensor;
  /** `sum_j values[:, j] * W_dec[indices[:, j]]`: `[n, d_in]`. Differentiable in values and wDec `[d_sae, d_in]`. */
  decodeSparse(latents: TopKLatents, wDec: Tensor): Tensor;
  /** How many tokens each latent fires on (non-zero value): `[d_sae]`. Not differentiable. */
  countFired(latents: TopKLatents): Tensor;
  /** Rows divided by max(norm, minNorm). Not differentiable. */
  normalizeRows(x: Tensor, minNorm: number): Tensor;
  /** `gradient` less its component along each row of `atoms`, which have norm 1. Not differentiable. */
  removeParallel(gradient: Tensor, atoms: Tensor): Tensor;
  /**
   * One Adam step (Kingma & Ba 2015, algorithm 1). Consumes the slot: a backend may update in place, so only the returned
   * slot is valid afterwards.
   */
  adamStep(slot: AdamSlot, grad: Tensor, options: AdamOptions): AdamSlot;

  // fake-quantization to uniform grids; a scale `[rows | 1, groups]` is that of columns / groups neighbouring numbers of a row
  /** `w / scale`, rounded, within `min .. max`: w `[rows, columns]`, the codes as float32. Not differentiable. */
  gridCodes(w: Tensor, scale: Tensor, grid: UniformGrid): Tensor;
  /** `(code + offset) * scale`: `[rows, columns]`. Not differentiable. */
  gridValues(codes: Tensor, scale: Tensor, offset: number): Tensor;
  /** The sum of `dy * (code + offset)` over the numbers of each scale: of the shape of `scale`. Not differentiable. */
  gridScaleGradient(dy: Tensor, codes: Tensor, scale: Tensor, offset: number): Tensor;

  // lifetime and reading
  tidy<T>(f: () => T): T;
  /** Excludes a tensor from the enclosing tidy. */
  keep<T extends Tensor>(a: T): T;
  dispose(a: Tensor | Iterable<Tensor>): void;
  /** A copy of the data. bool is read as 0/1 in a Uint8Array. */
  read(a: Tensor): Promise<HostTensor>;
  /** Live tensors and their bytes: what leak tests count. */
  memory(): { readonly tensors: number; readonly bytes: number };
}
