export type * from "./contracts/tensor-ops.ts";
export type * from "./contracts/backend.ts";
export type * from "./contracts/quantizer.ts";
export type * from "./contracts/variant.ts";
export type * from "./contracts/data-source.ts";
export type * from "./contracts/metric.ts";
export type * from "./contracts/reporter.ts";
export type * from "./contracts/sae-checkpoint.ts";
export { mixSeeds, normals, permutation, seededRandom } from "./random.ts";
