export { FormatError, NonFiniteError, QsaeError, UsageError, unknownName } from "./errors.ts";
export { elementCount, type HostData, type HostTensor, type HostTensors } from "./host-tensor.ts";
export type { Latents } from "./latents.ts";
export type { DequantizeRule, PlaneRule } from "./packed/dequantize-rule.ts";
export * from "./packed/schema.ts";
