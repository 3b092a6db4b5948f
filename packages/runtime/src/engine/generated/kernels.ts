// Written by `pnpm build:kernels` from packages/runtime/assembly. Do not edit.
/** Arguments of each kernel, less the thread's number, which the engine passes. */
export interface Kernels {
  readonly gemm: readonly [shared: number, own: number, ownStride: number, ownStrideK: number, ownIsLeft: number, c: number, m: number, n: number, k: number, bias: number, tileRows: number, tileColumns: number, scratch: number, scratchStride: number];
  readonly matvec: readonly [a: number, stride: number, x: number, y: number, m: number, k: number, bias: number, biasStride: number];
  readonly matvecTransposed: readonly [a: number, stride: number, x: number, y: number, k: number, n: number, bias: number, biasStride: number];
  readonly packLeft: readonly [source: number, strideI: number, strideK: number, m: number, k: number, panels: number];
  readonly packRight: readonly [source: number, strideK: number, strideJ: number, k: number, n: number, panels: number];
}
