export { FormatError, NonFiniteError, QsaeError, UsageError, unknownName } from "./errors.ts";
export { elementCount, type HostData, type HostTensor, type HostTensors } from "./host-tensor.ts";
export type { Latents } from "./latents.ts";
export type { DequantizeRule, PlaneRule } from "./packed/dequantize-rule.ts";
export * from "./packed/schema.ts";
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
