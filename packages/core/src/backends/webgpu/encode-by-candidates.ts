/// <reference types="@webgpu/types" />
/**
 * `encodeTopK` by way of codes: scores of all latents in these, then float32 scores of the most promising `candidates` of a
 * token. `fast` takes the k best of these. `certified` has upper ends of the scores instead, which tell for which tokens that is the
 * exact result (kernels/uncertified.ts); the others are encoded exactly, without anything being read back.
 *
 * Certified results are those of `exact` as far as the driver computes one chain of multiply-adds alike in two kernels: the
 * bound allows for any rounding in between, WGSL promises no more.
 */
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Companion } from "./companions.ts";
import type { EncodeMode } from "@qsae/runtime/training";
import type { CodingName } from "./kernel-features.ts";
import { codings, type Coding } from "./kernels/coding.ts";
import { partsOf, ROWS_OF_TILE } from "./parts.ts";
import { scanExactly, scannedParts, widestSegment, type EncodedTokens, type Encoder } from "./scan.ts";
import { segmentsFor, type Segments } from "./segments.ts";
import { bindPart, type Binding, type WebGpuStorage } from "./webgpu-storage.ts";
import { keepUncertifiedCount } from "./uncertified-count.ts";
import { folded, threadsFor } from "./workgroups.ts";

/**
 * Times k. Of `certified`, measured: the most that a token needed was 3.1 on real activations (median 1.6), 3.6 on Gaussian
 * ones with 8192 latents and 4.4 with 32768, where 2 % needed more than 4.
 */
const CANDIDATES = { certified: 4, fast: 2 } as const;
/** Few tokens are left for the exact scan: more, shorter segments share the work. */
const LISTED_SEGMENTS = 16;

interface Candidates {
  readonly coding: Coding;
  readonly certified: boolean;
  /** Per token. */
  readonly candidates: number;
}

/** `undefined` where the mode has none, or they would be most of the dictionary. */
export function candidatesFor(
  mode: EncodeMode,
  coding: CodingName | undefined,
  k: number,
  dSae: number,
): Candidates | undefined {
  if (coding === undefined || (mode !== "certified" && mode !== "fast")) return undefined;
  const candidates = CANDIDATES[mode] * k;
  if (2 * candidates > dSae) return undefined;
  return { coding: codings[coding], certified: mode === "certified", candidates };
}

interface Plan extends Candidates {
  /** Of the scan of codes. */
  readonly coarse: Segments;
  /** Of the exact scan of tokens without a certificate. */
  readonly listed: Segments;
}

export function planOfCandidates(
  storage: WebGpuStorage,
  { dIn, dSae, k }: Encoder,
  n: number,
  wanted: Candidates,
): Plan {
  const most = widestSegment(storage, rowBytes(wanted.coding, dIn));
  return {
    ...wanted,
    coarse: segmentsFor({ n, dSae, kept: wanted.candidates, most }),
    listed: segmentsFor({ n, dSae, kept: k, most: widestSegment(storage, 4 * dIn), least: LISTED_SEGMENTS }),
  };
}

/** Rows as codes: kernels/row-codes.ts. */
interface Codes {
  readonly codes: GPUBuffer;
  readonly figures: GPUBuffer;
}

const wordsOf = (dIn: number): number => Math.ceil(dIn / 4);
const rowBytes = ({ wordBytes }: Coding, dIn: number): number => wordBytes * wordsOf(dIn);
const figureBytes = (count: number): number => 16 * count;

function codeRows(
  storage: WebGpuStorage,
  coding: Coding,
  rows: Binding,
  { codes, figures }: Codes,
  count: number,
  dIn: number,
  center?: GPUBuffer,
): void {
  const words = wordsOf(dIn);
  const { buffer, offset = 0 } = "buffer" in rows ? rows : { buffer: rows };
  for (const part of partsOf(count, 4 * dIn, storage.bindingBytes, ROWS_OF_TILE)) {
    const own = { buffer, offset: offset + 4 * dIn * part.first, size: 4 * dIn * part.count };
    storage.run(
      "row-codes",
      [own, center ?? own, bindPart(codes, part, rowBytes(coding, dIn)), figures],
      [part.count, dIn, words, center ? 1 : 0, part.first].map((u32) => ({ u32 })),
      folded(part.count),
    );
  }
}

/** Those of W_enc, kept until it changes. */
function encoderCodes(
  storage: WebGpuStorage,
  coding: Coding,
  wEnc: TensorInfo,
  { rows, dIn, dSae }: Encoder,
): Codes & Companion {
  return storage.companion(wEnc, "codes", () => {
    const made = {
      codes: storage.acquire(dSae * rowBytes(coding, dIn)),
      figures: storage.acquire(figureBytes(dSae)),
    };
    codeRows(storage, coding, rows, made, dSae, dIn);
    const free = (): void => {
      storage.release(made.codes);
      storage.release(made.figures);
    };
    return { ...made, bytes: made.codes.size + made.figures.size, free };
  });
}

export function encodeByCandidates(
  storage: WebGpuStorage,
  wEnc: TensorInfo,
  encoder: Encoder,
  plan: Plan,
  tokens: EncodedTokens,
): void {
  const { k } = encoder;
  const { n, values, indices } = tokens;
  const { candidates, certified } = plan;
  const weights = encoderCodes(storage, plan.coding, wEnc, encoder);
  storage.withScratch(8 * n * candidates, (chosen) => {
    chooseCoarsely(storage, encoder, weights, plan, tokens, chosen);
    storage.withScratch(8 * n * candidates, (scored) => {
      scoreExactly(storage, encoder, plan, tokens, chosen, scored);
      storage.withScratch(8 * n * k, (best) =>
        storage.run(
          "best-of",
          [scored, best, values, indices],
          [n, candidates, k].map((u32) => ({ u32 })),
          folded(n),
        ),
      );
    });
    if (certified) encodeUncertified(storage, encoder, plan, tokens, chosen);
  });
}

/** `chosen [n, candidates]`: the latents with the largest coarse scores, or upper ends of these. */
function chooseCoarsely(
  storage: WebGpuStorage,
  { center, bEnc, dIn, dSae }: Encoder,
  weights: Codes,
  { coding, coarse, candidates, certified }: Plan,
  { n, x }: EncodedTokens,
  chosen: GPUBuffer,
): void {
  const ownBytes = rowBytes(coding, dIn);
  const depth = coding.factorsOfWord * wordsOf(dIn);
  const { segments, width, kept } = coarse;
  storage.withScratch(8 * n * coarse.candidates, (heaps) => {
    storage.withScratch(n * ownBytes, (codes) =>
      storage.withScratch(figureBytes(n), (figures) => {
        codeRows(storage, coding, x, { codes, figures }, n, dIn, center);
        for (const part of scannedParts(storage, ownBytes, dSae, coarse)) {
          const { first, count, firstSegment } = part;
          const sizes = [n, depth, first, first + count, firstSegment, segments, width, kept, dIn, Number(certified)];
          storage.run(
            "scan-coarse",
            [codes, figures, bindPart(weights.codes, part, ownBytes), weights.figures, bEnc, heaps],
            sizes.map((u32) => ({ u32 })),
            [Math.ceil(n / ROWS_OF_TILE), part.segments],
          );
        }
      }),
    );
    storage.run(
      "best-unsorted",
      [heaps, chosen],
      [n, coarse.candidates, candidates].map((u32) => ({ u32 })),
      folded(n),
    );
  });
}

/** `scored [n, candidates]`: the same latents with exact scores. */
function scoreExactly(
  storage: WebGpuStorage,
  { center, rows, bEnc, dIn, dSae }: Encoder,
  { candidates }: Plan,
  { n, x }: EncodedTokens,
  chosen: GPUBuffer,
  scored: GPUBuffer,
): void {
  for (const part of partsOf(dSae, 4 * dIn, storage.bindingBytes)) {
    storage.run(
      "exact-scores",
      [x, center, bindPart(rows, part, 4 * dIn), bEnc, chosen, scored],
      [n, dIn, candidates, part.first, part.first + part.count].map((u32) => ({ u32 })),
      folded(n),
    );
  }
}

/** Overwrites the results of tokens without a certificate. */
function encodeUncertified(
  storage: WebGpuStorage,
  encoder: Encoder,
  { listed: plan, candidates }: Plan,
  tokens: EncodedTokens,
  chosen: GPUBuffer,
): void {
  const { n, values, indices } = tokens;
  const { k } = encoder;
  const encodeListed = (listed: GPUBuffer, workgroups: GPUBuffer): void => {
    storage.clear(listed, 4);
    storage.run(
      "list-uncertified",
      [chosen, values, listed],
      [n, candidates, k].map((u32) => ({ u32 })),
      threadsFor(n),
    );
    keepUncertifiedCount(storage, listed);
    storage.run("workgroups-of-list", [listed, workgroups], [{ u32: plan.segments }], [1]);
    storage.withScratch(8 * n * plan.candidates, (heaps) => {
      scanExactly(storage, encoder, plan, tokens, heaps, { listed, workgroups });
      storage.withScratch(8 * n * k, (best) =>
        storage.run(
          "best-of-listed",
          [heaps, best, values, indices, listed],
          [n, plan.candidates, k].map((u32) => ({ u32 })),
          { indirect: workgroups, offset: 12 },
        ),
      );
    });
  };
  storage.withScratch(4 * (1 + n), (listed) =>
    storage.withScratch(24, (workgroups) => encodeListed(listed, workgroups), GPUBufferUsage.INDIRECT),
  );
}
