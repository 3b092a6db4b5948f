export { binary } from "./binary.ts";
export { centeredInt } from "./centered-int.ts";
export { int } from "./int.ts";
export { ternary } from "./ternary.ts";
export { builtinQuantizerNames, quantizerName, quantizersByName } from "./by-name.ts";
export { roundToNearest, type RoundingTargets } from "./post-training/round-to-nearest.ts";
