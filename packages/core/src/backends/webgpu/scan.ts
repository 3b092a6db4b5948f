/// <reference types="@webgpu/types" />
/** Scans over all latents, exact ones: kernels/scan-latents.ts. W_enc is bound part by part. */
import { ROWS_OF_TILE, partsOf, type Part } from "./parts.ts";
import type { Segments } from "./segments.ts";
import { bindPart, type Binding, type WebGpuStorage } from "./webgpu-storage.ts";

/** What encodes. */
export interface Encoder {
  readonly center: GPUBuffer;
  /** W_enc transposed: `[d_sae, d_in]` */
  readonly rows: GPUBuffer;
  readonly bEnc: GPUBuffer;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
}

/** Tokens of a batch, and where their results go. */
export interface EncodedTokens {
  readonly n: number;
  readonly x: Binding;
  /** `[n, k]` */
  readonly values: Binding;
  /** `[n, k]` */
  readonly indices: Binding;
}

/** Latents that are bound together. */
interface ScannedPart extends Part {
  readonly firstSegment: number;
  readonly segments: number;
}

/** Parts that hold whole segments. */
export function scannedParts(
  storage: WebGpuStorage,
  rowBytes: number,
  dSae: number,
  { width }: Segments,
): readonly ScannedPart[] {
  const unit = Math.ceil(width / ROWS_OF_TILE) * ROWS_OF_TILE;
  return partsOf(dSae, rowBytes, storage.bindingBytes, unit).map((part) => ({
    ...part,
    firstSegment: Math.floor(part.first / width),
    segments: Math.ceil(part.count / width),
  }));
}

/** Latents of a segment, at most: so many that their rows can be bound. */
export const widestSegment = (storage: WebGpuStorage, rowBytes: number): number =>
  Math.max(1, Math.floor(storage.bindingBytes / (ROWS_OF_TILE * rowBytes))) * ROWS_OF_TILE;

/** Fills the heaps of all tokens, or of those of a list. */
export function scanExactly(
  storage: WebGpuStorage,
  { center, rows, bEnc, dIn, dSae }: Encoder,
  plan: Segments,
  { n, x }: EncodedTokens,
  heaps: GPUBuffer,
  list?: { readonly listed: GPUBuffer; readonly workgroups: GPUBuffer },
): void {
  for (const part of scannedParts(storage, 4 * dIn, dSae, plan)) {
    const { first, count, firstSegment, segments } = part;
    storage.run(
      list ? "scan-listed" : "scan-exact",
      [x, center, bindPart(rows, part, 4 * dIn), bEnc, heaps, ...(list ? [list.listed] : [])],
      [n, dIn, first, first + count, firstSegment, plan.segments, plan.width, plan.kept, dIn, 1].map((u32) => ({
        u32,
      })),
      list ? { indirect: list.workgroups, offset: 0 } : [Math.ceil(n / ROWS_OF_TILE), segments],
    );
  }
}
