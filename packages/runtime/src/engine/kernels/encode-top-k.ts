/**
 * The k largest pre-activations per token, without `[n, d_sae]` in memory. How: assembly/kernels/encode-top-k.ts.
 */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { gemm } from "./gemm.ts";
import { perThread, withScratch } from "./scratch.ts";
import { checkK, checkSizes } from "./sizes.ts";
import { candidateCapacity, throwIfNaN, topK } from "./top-k.ts";

export interface EncodeTopK {
  /** `[n, d_in]`. */
  readonly x: Pointer;
  /** `[d_in]`, subtracted from every row of x. */
  readonly center?: Pointer;
  /** `[d_in, d_sae]`. */
  readonly wEnc: Pointer;
  /** The same weights from {@link packEncoder}, where they stay the same from call to call. */
  readonly packed?: PackedEncoder;
  /** `[d_sae]`. */
  readonly bEnc?: Pointer;
  /** `[n, k]`: scores, without an activation function. */
  readonly values: Pointer;
  /** `[n, k]` int32, ascending within a row; ties went to the lowest index. */
  readonly indices: Pointer;
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
}

/** W_enc in the layout that register tiles read. */
export interface PackedEncoder {
  readonly panels: Pointer;
  free(): void;
}

const COLUMN_BLOCK = 256;
/**
 * Rows per block, a multiple of the register tile's 6. All of W_enc passes by once per block, so low blocks wait for
 * memory; the scores of 192 rows and their part of x still fit L2.
 */
const BLOCK_ROWS = 192;
/** Candidate buffers of a large k must not multiply with rows; then blocks get lower. */
const MOST_CANDIDATE_BYTES = 8 << 20;
/** Fewer rows than this do not occupy two threads as blocks of rows; they are split by columns instead. */
const FEW_ROWS = 24;

/** @throws EngineMemoryError when the panels (as large as the weights) do not fit */
export function packEncoder(
  engine: Engine,
  { wEnc, dIn, dSae }: { readonly wEnc: Pointer; readonly dIn: number; readonly dSae: number },
): PackedEncoder {
  checkSizes("packEncoder", { dIn, dSae });
  const panels = engine.alloc(4 * dIn * Math.ceil(dSae / 8) * 8);
  engine.run("packRight", wEnc, dSae, 1, dIn, dSae, panels);
  return { panels, free: () => engine.free(panels) };
}

/**
 * Every score is `bEnc + sum of (x - center) wEnc` as one chain of multiply-adds in ascending d_in, as in `gemm`.
 * @throws UsageError for sizes that are none, or k not in 1 .. dSae
 * @throws NonFiniteError naming the first row with a NaN among its scores
 */
export function encodeTopK(engine: Engine, encode: EncodeTopK): void {
  const { n, dIn, dSae, k } = encode;
  checkSizes("encodeTopK", { n, dIn });
  checkK("encodeTopK", k, "dSae", dSae);
  if (n === 0) return;
  // A single column `gemm` would sum in another order.
  if (n < FEW_ROWS && dSae > 1) return encodeFewRows(engine, encode);

  const { x, center = 0, bEnc = 0, values, indices } = encode;
  const capacity = candidateCapacity(k, dSae);
  const blockRows = Math.min(BLOCK_ROWS, Math.max(6, Math.floor(MOST_CANDIDATE_BYTES / (8 * capacity) / 6) * 6));
  const own = perThread(engine, blockRows * (4 * dIn + 4 * COLUMN_BLOCK + 8 * capacity + 8) + 64);
  const packed = encode.packed ?? packEncoder(engine, encode);
  try {
    withScratch(engine, (scratch) => {
      const blocks = scratch.bytes(own.total);
      engine.run(
        "encodeTopK",
        ...([x, center, packed.panels, bEnc, values, indices, n, dIn, dSae, k] as const),
        ...([capacity, blockRows, blocks, own.stride] as const),
      );
    });
  } finally {
    if (packed !== encode.packed) packed.free();
  }
  throwIfNaN(engine, "encodeTopK");
}

/** A few tokens: dense scores by `gemm`, whose tiles are columns then, and their top k. The same chain, the same bits. */
function encodeFewRows(engine: Engine, encode: EncodeTopK): void {
  const { x, center, wEnc, bEnc, values, indices, n, dIn, dSae, k } = encode;
  withScratch(engine, (scratch) => {
    const scores = scratch.floats(n * dSae);
    let centered = x;
    if (center !== undefined) {
      centered = scratch.floats(n * dIn);
      engine.runAlone("centerRows", x, center, centered, n, dIn);
    }
    const bias = bEnc === undefined ? {} : { bias: bEnc };
    gemm(engine, { a: centered, b: wEnc, out: scores, m: n, n: dSae, k: dIn, ...bias });
    topK(engine, { x: scores, values, indices, n, width: dSae, k }, "encodeTopK");
  });
}
