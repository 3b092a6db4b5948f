/** Every kernel of ours, compiled when a device opens. */
import type { EncodeMode } from "@qsae/runtime/training";
import type { WgslKernel } from "../kernel.ts";
import type { KernelFeatures } from "../kernel-features.ts";
import { adam } from "./adam.ts";
import { bestOf, bestOfListed, bestUnsorted } from "./best-of.ts";
import { bucketSums } from "./bucket-sums.ts";
import { codings, type Coding } from "./coding.ts";
import { copyColumns } from "./copy-columns.ts";
import { decodeSparse } from "./decode-sparse.ts";
import { exactScores } from "./exact-scores.ts";
import { gatherRows } from "./gather-rows.ts";
import { countLatents, countsToFloat, fillBuckets, sortBuckets, startsOfBuckets } from "./latent-buckets.ts";
import { chooseDigit, countDigits, countTies, maskLargest } from "./largest.ts";
import { gridCodes, gridScaleGradient, gridValues } from "./grid.ts";
import { latentGradient } from "./latent-gradient.ts";
import { product } from "./product.ts";
import { columnSums, rowDots, sliceSums } from "./reduce.ts";
import { rowCodes } from "./row-codes.ts";
import { normalizeRows, removeParallel } from "./rows.ts";
import { scanCoarse, scanExact, scanListed } from "./scan-latents.ts";
import { transpose } from "./transpose.ts";
import { listUncertified, workgroupsOfList } from "./uncertified.ts";

/** For `encodeTopK` by candidates there are kernels that are compiled only for who asks for it. */
export const kernelsFor = (features: KernelFeatures, encode: EncodeMode): readonly WgslKernel[] => [
  scanExact,
  bestOf,
  decodeSparse,
  latentGradient,
  countLatents,
  countsToFloat,
  startsOfBuckets,
  fillBuckets,
  sortBuckets,
  bucketSums,
  normalizeRows(features),
  removeParallel(features),
  adam,
  transpose,
  countDigits,
  chooseDigit,
  countTies,
  maskLargest,
  sliceSums(features),
  rowDots(features),
  columnSums,
  product,
  copyColumns,
  gatherRows,
  gridCodes,
  gridValues,
  gridScaleGradient(features),
  ...(features.coding !== undefined && (encode === "certified" || encode === "fast")
    ? byCandidates(features, codings[features.coding])
    : []),
];

const byCandidates = (features: KernelFeatures, coding: Coding): readonly WgslKernel[] => [
  rowCodes(features, coding),
  scanCoarse(coding),
  bestUnsorted,
  exactScores,
  listUncertified,
  workgroupsOfList,
  scanListed,
  bestOfListed,
];
