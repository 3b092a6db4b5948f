export {
  baseline,
  baselineConfigSchema,
  baselineFactory,
  baselineReferenceSchema,
  type BaselineConfig,
} from "./baseline.ts";
export { binary, binaryConfigSchema, binaryFactory, binaryReferenceSchema, type BinaryConfig } from "./binary.ts";
export {
  binaryLatent,
  binaryLatentConfigSchema,
  binaryLatentFactory,
  binaryLatentReferenceSchema,
  type BinaryLatentConfig,
} from "./binary-latent.ts";
export {
  batchTopk,
  batchTopkConfigSchema,
  fieldFactories,
  gated,
  gatedConfigSchema,
  jumpRelu,
  jumpReluConfigSchema,
  relu,
  reluConfigSchema,
  topk,
  topkConfigSchema,
  type BatchTopkConfig,
  type GatedConfig,
  type JumpReluConfig,
  type ReluConfig,
  type TopkConfig,
} from "./field.ts";
export { matryoshka, matryoshkaConfigSchema, matryoshkaFactory, type MatryoshkaConfig } from "./matryoshka.ts";
export {
  quantizedMatryoshka,
  quantizedMatryoshkaConfigSchema,
  quantizedMatryoshkaFactory,
  quantizedMatryoshkaReferenceSchema,
  type QuantizedMatryoshkaConfig,
} from "./quantized-matryoshka.ts";
export {
  residualQuantized,
  residualQuantizedConfigSchema,
  residualQuantizedFactory,
  residualQuantizedReferenceSchema,
  type ResidualQuantizedConfig,
} from "./residual-quantized.ts";
export { ternary, ternaryConfigSchema, ternaryFactory, ternaryReferenceSchema, type TernaryConfig } from "./ternary.ts";
export { canonicalKeys, quantizerName } from "./config.ts";
export { variantChoiceSchema } from "./choice-schema.ts";
export { builtinVariants, lowerCheckpoint, variantByName, type VariantCatalog } from "./by-name.ts";
