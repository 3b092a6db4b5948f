// Written by `pnpm build:kernels` from packages/runtime/assembly. Do not edit.
/** Arguments of each kernel, less the thread's number, which the engine passes. */
export interface Kernels {
  readonly adam: readonly [param: number, m: number, v: number, gradient: number, length: number, rate: number, beta1: number, beta2: number, rest1: number, rest2: number, unbias: number, eps: number, scale: number];
  readonly coarseTopK: readonly [x: number, center: number, packed: number, bias: number, values: number, indices: number, n: number, d: number, f: number, k: number, budget: number, certified: number, width: number, levels: number, capacity: number, blockRows: number, overflows: number, scratch: number, scratchStride: number];
  readonly packCoarse: readonly [w: number, d: number, f: number, width: number, levels: number, packed: number, scratch: number, scratchStride: number];
  readonly countLatents: readonly [indices: number, offsets: number, counts: number, n: number, k: number, f: number, rowsPerChunk: number, chunks: number];
  readonly fillBuckets: readonly [indices: number, offsets: number, counts: number, tokens: number, entries: number, n: number, k: number, f: number, rowsPerChunk: number, chunks: number];
  readonly startBuckets: readonly [counts: number, starts: number, f: number, chunks: number];
  readonly decodeSparse: readonly [values: number, indices: number, offsets: number, weights: number, bias: number, out: number, n: number, k: number, d: number, f: number];
  readonly latentGradient: readonly [dOut: number, weights: number, indices: number, offsets: number, out: number, n: number, k: number, d: number, f: number];
  readonly countFired: readonly [values: number, indices: number, out: number, count: number, f: number];
  readonly scatterRows: readonly [values: number, indices: number, offsets: number, out: number, n: number, k: number, width: number];
  readonly decoderGradient: readonly [starts: number, tokens: number, entries: number, weights: number, rows: number, out: number, f: number, d: number];
  readonly encoderGradient: readonly [starts: number, tokens: number, entries: number, weights: number, rows: number, out: number, dBias: number, f: number, d: number, scratch: number, scratchStride: number];
  readonly encodeTopK: readonly [x: number, center: number, panels: number, bias: number, values: number, indices: number, n: number, d: number, f: number, k: number, capacity: number, blockRows: number, scratch: number, scratchStride: number];
  readonly gemm: readonly [shared: number, own: number, ownStride: number, ownStrideK: number, ownIsLeft: number, c: number, m: number, n: number, k: number, bias: number, tileRows: number, tileColumns: number, scratch: number, scratchStride: number];
  readonly gemmInt8: readonly [a: number, b: number, groups: number, width: number, c: number, m: number, n: number, scratch: number, scratchStride: number];
  readonly packCodes: readonly [codes: number, signed: number, rows: number, k: number, height: number, width: number, panels: number];
  readonly matvec: readonly [a: number, stride: number, x: number, y: number, m: number, k: number, bias: number, biasStride: number];
  readonly matvecTransposed: readonly [a: number, stride: number, x: number, y: number, k: number, n: number, bias: number, biasStride: number];
  readonly packLeft: readonly [source: number, strideI: number, strideK: number, m: number, k: number, panels: number];
  readonly packRight: readonly [source: number, strideK: number, strideJ: number, k: number, n: number, panels: number];
  readonly probeDots: readonly [width: number, groups: number, a: number, b: number, c: number, init: number, repeats: number];
  readonly centerRows: readonly [x: number, center: number, out: number, n: number, d: number];
  readonly topK: readonly [x: number, values: number, indices: number, n: number, width: number, k: number, capacity: number, scratch: number, scratchStride: number];
  readonly binary: readonly [op: number, a: number, b: number, out: number, rows0: number, rows1: number, rows2: number, n: number, aStride0: number, aStride1: number, aStride2: number, aMoves: number, bStride0: number, bStride1: number, bStride2: number, bMoves: number];
  readonly select: readonly [condition: number, a: number, b: number, out: number, length: number];
  readonly unary: readonly [op: number, x: number, out: number, length: number, alpha: number, beta: number];
  readonly checkIndices: readonly [indices: number, count: number, rows: number];
  readonly copyStrided: readonly [x: number, out: number, rows: number, n: number, xStride: number, outStride: number];
  readonly fill: readonly [out: number, length: number, value: number];
  readonly gatherRows: readonly [x: number, indices: number, out: number, count: number, n: number];
  readonly reduce: readonly [op: number, x: number, out: number, outer: number, length: number, inner: number, blockLength: number, divisor: number];
  readonly transpose: readonly [x: number, out: number, m: number, n: number];
  readonly fakeQuantize: readonly [x: number, scale: number, out: number, codes: number, rows: number, n: number, least: number, most: number, offset: number];
  readonly fakeQuantizeScaleGradient: readonly [dOut: number, x: number, scale: number, out: number, rows: number, n: number, least: number, most: number, offset: number];
  readonly scatterAddRows: readonly [x: number, indices: number, out: number, count: number, n: number, shares: number];
  readonly normalizeRows: readonly [x: number, out: number, rows: number, n: number, minNorm: number];
  readonly removeParallel: readonly [gradient: number, atoms: number, out: number, rows: number, n: number];
}
