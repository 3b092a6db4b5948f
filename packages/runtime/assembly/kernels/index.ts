/** Every kernel that the engine can run, by name: what this module exports is what `engine.run` takes. */
export { adam } from "./adam";
export { countLatents, fillBuckets, startBuckets } from "./buckets";
export { decodeSparse, latentGradient } from "./decode-sparse";
export { countFired, scatterRows } from "./dense-latents";
export { decoderGradient, encoderGradient } from "./dictionary-gradients";
export { encodeTopK } from "./encode-top-k";
export { gemm } from "./gemm";
export { matvec, matvecTransposed } from "./matvec";
export { packLeft, packRight } from "./pack";
export { centerRows } from "./rows";
export { topK } from "./top-k";
export { binary, select, unary } from "./elementwise";
export { checkIndices, copyStrided, fill, gatherRows } from "./movement";
export { reduce } from "./reduce";
export { transpose } from "./transpose";
export { fakeQuantize, fakeQuantizeScaleGradient } from "./fake-quantize";
export { scatterAddRows } from "./scatter";
export { normalizeRows, removeParallel } from "./unit-rows";
