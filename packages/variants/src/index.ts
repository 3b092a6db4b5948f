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
export { builtinVariants, lowerCheckpoint, variantByName, type VariantCatalog } from "./by-name.ts";
