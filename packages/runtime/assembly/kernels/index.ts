/** Every kernel that the engine can run, by name: what this module exports is what `engine.run` takes. */
export { gemm } from "./gemm";
export { matvec, matvecTransposed } from "./matvec";
export { packLeft, packRight } from "./pack";
