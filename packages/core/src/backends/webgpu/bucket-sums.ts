/// <reference types="@webgpu/types" />
/**
 * What the gradients of both dictionaries are made of: sums over the tokens that each latent is active on
 * (kernels/bucket-sums.ts).
 */
import type { TensorInfo } from "@tensorflow/tfjs";
import { elementCount } from "@qsae/runtime";
import { bucketsOf } from "./latent-buckets.ts";
import { partsOf } from "./parts.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";
import { folded } from "./workgroups.ts";

interface BucketSums {
  /** `[n, k]` */
  readonly indices: TensorInfo;
  /** `[n, k]` */
  readonly values: TensorInfo;
  /** `[n, d_in]` */
  readonly rows: TensorInfo;
  /** `[d_in]`, subtracted from the rows. */
  readonly center?: TensorInfo;
}

/** Sums of the rows, times their values: `[d_sae, d_in]`; and of the values alone: `[d_sae]`. */
export function bucketSums(
  storage: WebGpuStorage,
  { indices, values, rows, center }: BucketSums,
  dSae: number,
): [TensorInfo, TensorInfo] {
  const k = indices.shape[1]!;
  const dIn = rows.shape[1]!;
  const [out, sums] = [storage.create([dSae, dIn]), storage.create([dSae])];
  const [to, toSums] = [storage.buffer(out), storage.buffer(sums)];
  if (elementCount(indices.shape) === 0) {
    storage.clear(to, 4 * dSae * dIn);
    storage.clear(toSums, 4 * dSae);
    return [out, sums];
  }
  const { starts, entries } = bucketsOf(storage, indices, dSae);
  const [from, of] = [storage.buffer(rows), storage.buffer(values)];
  for (const part of partsOf(dSae, 4 * dIn, storage.bindingBytes)) {
    storage.run(
      "bucket-sums",
      [starts, entries, of, from, center ? storage.buffer(center) : from, bindPart(to, part, 4 * dIn), toSums],
      [part.first, part.count, dIn, k, center ? 1 : 0].map((u32) => ({ u32 })),
      folded(part.count),
    );
  }
  return [out, sums];
}
