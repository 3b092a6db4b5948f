export type * from "./contracts/tensor-ops.ts";
export type * from "./contracts/backend.ts";
export type * from "./contracts/quantizer.ts";
export type * from "./contracts/variant.ts";
export type * from "./contracts/data-source.ts";
export type * from "./contracts/metric.ts";
export type * from "./contracts/reporter.ts";
export type * from "./contracts/sae-checkpoint.ts";
export type * from "./contracts/spliced-model.ts";
export type * from "./contracts/token-texts.ts";
export type * from "./contracts/token-windows.ts";
export { arraySource } from "./array-source.ts";
export { pairedSource } from "./paired-source.ts";
export { fromReference, REFERENCE_VARIANTS, type ReferenceVariant } from "./reference-tensors.ts";
export {
  overlapOf,
  supportCounts,
  supportOverlap,
  type SupportCounts,
  type SupportOverlap,
} from "./support-overlap.ts";
export { mixSeeds, normals, permutation, seededRandom } from "./random.ts";
export { DeviceError } from "./backends/device-error.ts";
export { backendNames, openBackend } from "./backends/open-backend.ts";
export type { RunnableSae } from "./inference/runnable-sae.ts";
export { saeOnBackend, type BackendSae } from "./inference/sae-on-backend.ts";
export { defineQuantizer } from "./quantization/define-quantizer.ts";
export { dequantize, scaleGradient, type Decodable } from "./quantization/dequantize.ts";
export { fakeQuantize } from "./quantization/fake-quantize.ts";
export { codeMatrix, type CodedMatrix } from "./quantization/code-matrix.ts";
export { assembleMixed, partsOf, type MixedPart } from "./quantization/mixed-parts.ts";
export { packMatrix } from "./quantization/pack-matrix.ts";
export { train, type TrainOptions, type TrainResult } from "./training/train.ts";
export {
  parseTrainingConfig,
  tokensPerStep,
  trainingConfigSchema,
  type TrainingConfig,
  type TrainingInput,
} from "./training/training-config.ts";
export { jump, step } from "./sae-ops/threshold.ts";
