/**
 * `@qsae/runtime/training`: the multi-threaded WebAssembly engine and its kernels. Apart from the main entry, so that a
 * page that only runs SAEs does not carry it.
 */
export type { Engine, EngineBuild, KernelName } from "./engine/engine.ts";
export { EngineMemoryError, EngineWorkerError } from "./engine/errors.ts";
export { gemm, type Gemm } from "./engine/kernels/gemm.ts";
export { openEngine, type EngineOptions } from "./engine/open-engine.ts";
export type { Pointer } from "./engine/pointer.ts";
