export { binary } from "./binary.ts";
export { centeredInt } from "./centered-int.ts";
export { int } from "./int.ts";
export { ternary } from "./ternary.ts";
export { builtinQuantizerNames, quantizerName, quantizersByName } from "./by-name.ts";
export { roundToNearest, type RoundingTargets } from "./post-training/round-to-nearest.ts";
export { allocateBits, type AllocationOptions } from "./mixed/allocate-bits.ts";
export { atomImportance } from "./mixed/atom-importance.ts";
export { dropDeadLatents } from "./mixed/drop-dead-latents.ts";
export { measureWidths } from "./mixed/measure-widths.ts";
export { packMixed } from "./mixed/pack-mixed.ts";
export { gaussianWidths, quantizerOfWidth, widthBits, type Width } from "./mixed/widths.ts";
export {
  quantizeSae,
  quantizeMethods,
  type QuantizedSae,
  type QuantizeMethod,
  type QuantizeSaeOptions,
} from "./post-training/quantize-sae.ts";
export { rotateSae } from "./post-training/rotate.ts";
