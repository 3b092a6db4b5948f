/**
 * `@qsae/runtime/training`: the multi-threaded WebAssembly engine and its kernels. Apart from the main entry, so that a
 * page that only runs SAEs does not carry it.
 */
export type { Engine, EngineBuild, KernelName } from "./engine/engine.ts";
export { EngineMemoryError, EngineWorkerError } from "./engine/errors.ts";
export type { Kernels } from "./engine/generated/kernels.ts";
export { adam, type Adam } from "./engine/kernels/adam.ts";
export {
  decodeSparse,
  latentGradient,
  type DecodeSparse,
  type LatentGradient,
} from "./engine/kernels/decode-sparse.ts";
export { countFired, scatterRows, type CountFired, type ScatterRows } from "./engine/kernels/dense-latents.ts";
export {
  bucketLatents,
  decoderGradient,
  encoderGradient,
  type DecoderGradient,
  type EncoderGradient,
  type LatentBuckets,
} from "./engine/kernels/dictionary-gradients.ts";
export {
  encodeTopK,
  packEncoder,
  type EncodeMode,
  type EncodeReport,
  type EncodeTopK,
  type PackedEncoder,
} from "./engine/kernels/encode-top-k.ts";
export { gemm, type Gemm } from "./engine/kernels/gemm.ts";
export { gemmInt8, type GemmInt8 } from "./engine/kernels/gemm-int8.ts";
export type { SparseRows } from "./engine/kernels/sparse-entries.ts";
export { topK, type TopK } from "./engine/kernels/top-k.ts";
export { binary, type Binary } from "./engine/kernels/binary.ts";
export { copyStrided, type CopyStrided } from "./engine/kernels/copy-strided.ts";
export type { BinaryOp, UnaryOp } from "./engine/kernels/elementwise-ops.ts";
export {
  fakeQuantize,
  fakeQuantizeScaleGradient,
  type FakeQuantize,
  type FakeQuantizeScaleGradient,
} from "./engine/kernels/fake-quantize.ts";
export { fill, type Fill } from "./engine/kernels/fill.ts";
export { gatherRows, type GatherRows } from "./engine/kernels/gather-rows.ts";
export { reduce, type Reduce, type ReduceOp } from "./engine/kernels/reduce.ts";
export { scatterAddRows, type ScatterAddRows } from "./engine/kernels/scatter-add-rows.ts";
export { select, type Select } from "./engine/kernels/select.ts";
export { transpose, type Transpose } from "./engine/kernels/transpose.ts";
export { normalizeRows, removeParallel, type NormalizeRows, type RemoveParallel } from "./engine/kernels/unit-rows.ts";
export { unary, type Unary } from "./engine/kernels/unary.ts";
export { openEngine, type EngineOptions } from "./engine/open-engine.ts";
export type { Pointer } from "./engine/pointer.ts";
