export { binary } from "./binary.ts";
export { centeredInt } from "./centered-int.ts";
export { codebook } from "./codebook.ts";
export { fitCodebook, type FitCodebookOptions } from "./fit-codebook.ts";
export { int } from "./int.ts";
export { lloydMaxLevels } from "./lloyd-max.ts";
export { nested, type NestedOptions } from "./nested.ts";
export { normalFloat } from "./normal-float.ts";
export { residual } from "./residual.ts";
export type { FittedScaleOptions, ScaleFit, ScaleOptions, ScalePer } from "./scale-options.ts";
export { shareScale } from "./share-scale.ts";
export { ternary } from "./ternary.ts";
export { truncateCodes, type TruncateOptions } from "./truncate-codes.ts";
export { twosComplement } from "./twos-complement.ts";
export { builtinQuantizerNames, quantizerName, quantizerNamePattern, quantizersByName } from "./by-name.ts";
export { annealedBeta, annealedLevel } from "./estimators/annealed-sigmoid.ts";
export { clippedStraightThrough } from "./estimators/clipped-straight-through.ts";
export { learnedStep, type LearnedStepOptions } from "./estimators/learned-step.ts";
export { secantCorrected, type SecantTerms } from "./estimators/secant.ts";
export { sigmoidSlope } from "./estimators/sigmoid-slope.ts";
export { bitWorths, softBitWeights, undecidedBits } from "./estimators/soft-bits.ts";
export { straightThrough } from "./estimators/straight-through.ts";
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
export type { AtomBits } from "./post-training/allocate-atoms.ts";
export { quantizeDefaults } from "./post-training/quantize-defaults.ts";
export {
  mixedMethods,
  quantizeMixed,
  type MixedMethod,
  type MixedSae,
  type QuantizeMixedOptions,
} from "./post-training/mixed-sae.ts";
export { rotateSae } from "./post-training/rotate.ts";
export type { StoredQuantizer } from "./names/grammar.ts";
