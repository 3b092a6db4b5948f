/** Every kernel of ours, compiled when a device opens. */
import type { WgslKernel } from "../kernel.ts";
import { adam } from "./adam.ts";
import { bucketSums } from "./bucket-sums.ts";
import { decodeSparse } from "./decode-sparse.ts";
import { encodeCandidates } from "./encode-candidates.ts";
import { countLatents, countsToFloat, fillBuckets, sortBuckets, startsOfBuckets } from "./latent-buckets.ts";
import { latentGradient } from "./latent-gradient.ts";
import { mergeCandidates } from "./merge-candidates.ts";
import { normalizeRows, removeParallel } from "./rows.ts";

export const kernels: readonly WgslKernel[] = [
  encodeCandidates,
  mergeCandidates,
  decodeSparse,
  latentGradient,
  countLatents,
  countsToFloat,
  startsOfBuckets,
  fillBuckets,
  sortBuckets,
  bucketSums,
  normalizeRows,
  removeParallel,
  adam,
];
