export { baseline, baselineConfigSchema, baselineFactory, type BaselineConfig } from "./baseline.ts";
export { ternary, ternaryConfigSchema, ternaryFactory, type TernaryConfig } from "./ternary.ts";
export { builtinVariants, lowerCheckpoint, variantByName, type VariantCatalog } from "./by-name.ts";
