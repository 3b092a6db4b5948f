/** What works without files and without Node: activations from Blobs, and harvesting models that are in memory. */
export type { OpenActivationsOptions } from "./activations/activations-of.ts";
export { openActivationsBlob } from "./activations/open-activations-blob.ts";
export type { RowRange } from "./activations/row-layout.ts";
export type { HarvestProgress, HarvestSettings } from "./harvest/harvest-options.ts";
export { harvestToBlob, type HarvestedBlob, type HarvestToBlobOptions } from "./harvest/harvest-to-blob.ts";
export type { ModelInMemory, NamedBytes } from "./harvest/model-in-memory.ts";
export type { OnnxRuntime } from "./harvest/run-session.ts";
export { openTextModel, type TextActivations, type TextModel } from "./harvest/text-model.ts";
