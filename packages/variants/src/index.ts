export {
  baseline,
  baselineConfigSchema,
  baselineFactory,
  baselineReferenceSchema,
  type BaselineConfig,
} from "./baseline.ts";
export { ternary, ternaryConfigSchema, ternaryFactory, ternaryReferenceSchema, type TernaryConfig } from "./ternary.ts";
export { builtinVariants, lowerCheckpoint, variantByName, type VariantCatalog } from "./by-name.ts";
