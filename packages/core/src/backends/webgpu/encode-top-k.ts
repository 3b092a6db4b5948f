/** The k best latents of each token. */
import type { TensorInfo } from "@tensorflow/tfjs";
import type { EncodeMode, EncodeReport } from "@qsae/runtime/training";
import { candidatesFor, encodeByCandidates, planOfCandidates } from "./encode-by-candidates.ts";
import { encodeExactly } from "./encode-exactly.ts";
import { encoderRows } from "./encoder-rows.ts";
import { partsOf, ROWS_OF_TILE } from "./parts.ts";
import { widestSegment, type EncodedTokens, type Encoder } from "./scan.ts";
import { segmentsFor } from "./segments.ts";
import { bindPart, type WebGpuStorage } from "./webgpu-storage.ts";

/** Memory of the heaps of a batch; larger batches are encoded in parts. */
const MOST_HEAP_BYTES = 2 ** 28;

export type EncodeInputs = Readonly<Record<"x" | "wEnc" | "bEnc" | "center", TensorInfo>>;

export interface Encoded {
  /** `[n, k]` */
  readonly values: TensorInfo;
  /** `[n, k]` */
  readonly indices: TensorInfo;
  readonly report: EncodeReport;
}

/** `auto` is `exact`: which of the exact ways is faster has not been measured on any GPU. */
export function encodeTopK(
  storage: WebGpuStorage,
  { x, wEnc, bEnc, center }: EncodeInputs,
  k: number,
  mode: EncodeMode,
): Encoded {
  const [n, dIn] = x.shape as [number, number];
  const dSae = wEnc.shape[1]!;
  const values = storage.create([n, k]);
  const indices = storage.create([n, k], "int32");
  if (n === 0) return { values, indices, report: { mode: "exact" } };
  const encoder: Encoder = {
    center: storage.buffer(center),
    rows: encoderRows(storage, wEnc).buffer,
    bEnc: storage.buffer(bEnc),
    ...{ dIn, dSae, k },
  };
  const candidates = candidatesFor(mode, storage.features.coding, k, dSae);
  if (candidates === undefined) {
    const plan = segmentsFor({ n, dSae, kept: k, most: widestSegment(storage, 4 * dIn) });
    inParts(storage, { x, values, indices }, plan.candidates, (tokens) =>
      encodeExactly(storage, encoder, plan, tokens),
    );
    return { values, indices, report: { mode: "exact" } };
  }
  const plan = planOfCandidates(storage, encoder, n, candidates);
  inParts(storage, { x, values, indices }, Math.max(plan.coarse.candidates, plan.listed.candidates), (tokens) =>
    encodeByCandidates(storage, wEnc, encoder, plan, tokens),
  );
  const report = { mode: plan.certified ? "certified" : "fast", candidatesPerK: plan.candidates / k } as const;
  return { values, indices, report };
}

/** As many tokens at a time as their heaps leave room for. */
function inParts(
  storage: WebGpuStorage,
  { x, values, indices }: Readonly<Record<"x" | "values" | "indices", TensorInfo>>,
  heapEntries: number,
  encode: (tokens: EncodedTokens) => void,
): void {
  const [n, dIn] = x.shape as [number, number];
  const k = values.shape[1]!;
  const [from, toValues, toIndices] = [x, values, indices].map((a) => storage.buffer(a)) as [
    GPUBuffer,
    GPUBuffer,
    GPUBuffer,
  ];
  const tokenBytes = Math.max(4 * dIn, 4 * k, 8 * heapEntries);
  for (const part of partsOf(n, tokenBytes, Math.min(storage.bindingBytes, MOST_HEAP_BYTES), ROWS_OF_TILE)) {
    encode({
      n: part.count,
      x: bindPart(from, part, 4 * dIn),
      values: bindPart(toValues, part, 4 * k),
      indices: bindPart(toIndices, part, 4 * k),
    });
  }
}
