export { FormatError, NonFiniteError, QsaeError, UsageError, unknownName } from "./errors.ts";
export { elementCount, type HostData, type HostTensor, type HostTensors } from "./host-tensor.ts";
export type { Latents } from "./latents.ts";
export {
  bitsPerCode,
  InvalidCodesError,
  packCodes,
  packedRowBytes,
  unpackCodes,
  type CodeRange,
} from "./packed/bit-packing.ts";
export { dequantizeMatrix, dequantizeRow, levelTable, rowReader, type RowReader } from "./packed/dequantize.ts";
export type { DequantizeRule, PlaneRule } from "./packed/dequantize-rule.ts";
export { decodePackedSae, encodePackedSae } from "./packed/packed-file.ts";
export * from "./packed/schema.ts";
export { bitsPerWeight, sizeByLevel, type BitsPerWeight, type LevelSize } from "./packed/size.ts";
export { toStageSpace, type InputSpace } from "./sae/input-space.ts";
export { loadSae } from "./sae/load-sae.ts";
export type { EncodingStep } from "./sae/encoding-step.ts";
export type { DecodeOptions, Sae } from "./sae/sae.ts";
export { stagedSae, type StagedSae } from "./sae/staged-sae.ts";
export { decodeFloats, isFloatDtype, type FloatDtype } from "./safetensors/decode-floats.ts";
export { decodeSafetensors, decodeSafetensorsData } from "./safetensors/decode-safetensors.ts";
export type { SafetensorsDtype } from "./safetensors/dtypes.ts";
export { encodeSafetensors, type TensorToWrite, type WrittenDtype } from "./safetensors/encode-safetensors.ts";
export { roundToF16 } from "./safetensors/half-precision.ts";
export {
  parseSafetensorsHeader,
  safetensorsHeaderLength,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from "./safetensors/header.ts";
