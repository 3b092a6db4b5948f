/**
 * The k largest pre-activations per token, without `[n, d_sae]` in memory. How: assembly/kernels/encode-top-k.ts, and for
 * the modes with integer scores assembly/kernels/coarse-top-k.ts.
 */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import type { CodeWidth } from "./code-width.ts";
import { coarsePays, encodeCoarse, packCoarseEncoder, type CoarseEncoder } from "./coarse-encoder.ts";
import { timed, wantedByTime } from "./encode-timing.ts";
import { gatherRows } from "./gather-rows.ts";
import { gemm } from "./gemm.ts";
import { tileRowsOf } from "./register-tile.ts";
import { perThread, withScratch } from "./scratch.ts";
import { checkK, checkSizes, oneOf } from "./sizes.ts";
import { candidateCapacity, throwIfNaN, topK } from "./top-k.ts";

/**
 * `exact`: float32 scores of all latents. `certified`: integer scores of all latents, float32 scores of those that may be
 * among the k largest by a bound on the error; the same bits as `exact`. `fast`: float32 scores of the 2k best integer
 * scores, without a guarantee. `auto`: `exact` or `certified`, whichever was faster lately.
 */
export type EncodeMode = "exact" | "certified" | "fast" | "auto";

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
  /** Default `"exact"`. */
  readonly mode?: EncodeMode;
}

/** What an encode did. */
export interface EncodeReport {
  /** The mode that ran: integer scores give way to exact ones where they cannot pay, or numbers are not finite. */
  readonly mode: Exclude<EncodeMode, "auto">;
  /** Latents scored in float32 after the integer scores, per token and divided by k; absent in `exact`. */
  readonly candidatesPerK?: number;
  /** Tokens with more candidates than their budget, which were encoded exactly instead; absent in `exact`. */
  readonly rowsBeyondBudget?: number;
}

export interface PackEncoder {
  /** `[d_in, d_sae]`; must not change or move while the packed form is used. */
  readonly wEnc: Pointer;
  readonly dIn: number;
  readonly dSae: number;
  /** Bytes per integer code. Default: what is faster on this machine, by a measurement of a few milliseconds. */
  readonly codeWidth?: CodeWidth;
}

/** W_enc in the layouts that the kernels read, each made when it is first needed and kept until `free`. */
export interface PackedEncoder {
  panels(): Pointer;
  coarse(): CoarseEncoder | undefined;
  free(): void;
}

const COLUMN_BLOCK = 256;
/**
 * Rows per block, before rounding to whole register tiles. All of W_enc passes by once per block, so low blocks wait for
 * memory; the scores of 192 rows and their part of x still fit L2.
 */
const BLOCK_ROWS = 192;
/** Candidate buffers of a large k must not multiply with rows; then blocks get lower. */
const MOST_CANDIDATE_BYTES = 8 << 20;
/** Fewer rows than this do not occupy two threads as blocks of rows; they are split by columns instead. */
const FEW_ROWS = 24;
/** Candidates of `fast`, times k. Measured: 1.5 finds 0.99986 of the true top k on real activations, or more. */
const FAST_CANDIDATES = 2;

const modes: readonly EncodeMode[] = ["exact", "certified", "fast", "auto"];

/**
 * Layouts for {@link encodeTopK}, as large as the weights or up to twice as large; for weights that do not change.
 * @throws EngineMemoryError, when a layout is first needed, if it does not fit
 */
export function packEncoder(engine: Engine, { wEnc, dIn, dSae, codeWidth }: PackEncoder): PackedEncoder {
  checkSizes("packEncoder", { dIn, dSae });
  let panels: Pointer | undefined;
  let coarse: { readonly encoder: CoarseEncoder | undefined } | undefined;
  return {
    panels() {
      if (panels !== undefined) return panels;
      panels = engine.alloc(4 * dIn * Math.ceil(dSae / 8) * 8);
      engine.run("packRight", wEnc, dSae, 1, dIn, dSae, panels);
      return panels;
    },
    coarse() {
      coarse ??= { encoder: packCoarseEncoder(engine, wEnc, dIn, dSae, codeWidth) };
      return coarse.encoder;
    },
    free() {
      if (panels !== undefined) engine.free(panels);
      coarse?.encoder?.free();
      panels = coarse = undefined;
    },
  };
}

/**
 * Every score is `bEnc + sum of (x - center) wEnc` as one chain of multiply-adds in ascending d_in, as in `gemm`.
 * @throws UsageError for sizes that are none, k not in 1 .. dSae, or an unknown mode
 * @throws NonFiniteError naming the first row with a NaN among its scores
 * @throws EngineMemoryError when the packed weights do not fit
 */
export function encodeTopK(engine: Engine, encode: EncodeTopK): EncodeReport {
  const { n, dIn, dSae, k } = encode;
  checkSizes("encodeTopK", { n, dIn });
  checkK("encodeTopK", k, "dSae", dSae);
  const mode = oneOf("encodeTopK", "mode", encode.mode ?? "exact", modes);
  // A single column `gemm` would sum in another order.
  if (n < FEW_ROWS && dSae > 1) {
    if (n > 0) encodeFewRows(engine, encode);
    return { mode: "exact" };
  }
  const packed = encode.packed ?? packEncoder(engine, encode);
  try {
    if (mode === "exact" || dIn === 0 || !coarsePays(k, dSae)) return encodeExactly(engine, encode, packed);
    if (mode !== "auto") return encodeByCandidates(engine, encode, packed, mode);
    const chosen = wantedByTime(engine, encode);
    return timed(engine, encode, chosen, () =>
      chosen === "exact"
        ? encodeExactly(engine, encode, packed)
        : encodeByCandidates(engine, encode, packed, "certified"),
    );
  } finally {
    if (packed !== encode.packed) packed.free();
  }
}

function encodeExactly(engine: Engine, encode: EncodeTopK, packed: PackedEncoder): EncodeReport {
  const { x, center = 0, bEnc = 0, values, indices, n, dIn, dSae, k } = encode;
  const capacity = candidateCapacity(k, dSae);
  const unit = tileRowsOf(engine);
  const rows = Math.min(BLOCK_ROWS, MOST_CANDIDATE_BYTES / (8 * capacity));
  const blockRows = unit * Math.max(1, Math.floor(rows / unit));
  const own = perThread(engine, blockRows * (4 * dIn + 4 * COLUMN_BLOCK + 8 * capacity + 8) + 64);
  const panels = packed.panels();
  withScratch(engine, (scratch) => {
    const blocks = scratch.bytes(own.total);
    engine.run(
      "encodeTopK",
      ...([x, center, panels, bEnc, values, indices, n, dIn, dSae, k] as const),
      ...([capacity, blockRows, blocks, own.stride] as const),
    );
  });
  throwIfNaN(engine, "encodeTopK");
  return { mode: "exact" };
}

function encodeByCandidates(
  engine: Engine,
  encode: EncodeTopK,
  packed: PackedEncoder,
  mode: "certified" | "fast",
): EncodeReport {
  const { x, center = 0, bEnc = 0, values, indices, n, dIn, dSae, k } = encode;
  const fixedCandidates = mode === "fast" ? FAST_CANDIDATES * k : undefined;
  const encoder = biasIsTame(engine, bEnc, dSae) ? packed.coarse() : undefined;
  const result =
    encoder && encodeCoarse(engine, encoder, { x, center, bEnc, values, indices, n, dIn, dSae, k, fixedCandidates });
  // Intervals around infinities hold nothing: those, and the error for a NaN, are left to the exact kernel.
  if (result === undefined) return encodeExactly(engine, encode, packed);
  if (result.unfinished.length > 0) encodeRows(engine, encode, packed, result.unfinished);
  return { mode, candidatesPerK: result.candidates / k, rowsBeyondBudget: result.unfinished.length };
}

/** Encodes some rows exactly, in place among the others. */
function encodeRows(engine: Engine, encode: EncodeTopK, packed: PackedEncoder, rows: readonly number[]): void {
  const { x, values, indices, n, dIn, k } = encode;
  withScratch(engine, (scratch) => {
    const [at, some] = [scratch.floats(rows.length), scratch.floats(rows.length * dIn)];
    const [theirValues, theirIndices] = [scratch.floats(rows.length * k), scratch.floats(rows.length * k)];
    engine.i32(at, rows.length).set(rows);
    gatherRows(engine, { x, indices: at, out: some, count: rows.length, columns: dIn, rows: n });
    const part = {
      x: some,
      values: theirValues,
      indices: theirIndices,
      n: rows.length,
      packed,
      mode: "exact",
    } as const;
    encodeTopK(engine, { ...encode, ...part });
    rows.forEach((row, i) => {
      engine.f32(values + 4 * row * k, k).set(engine.f32(theirValues + 4 * i * k, k));
      engine.i32(indices + 4 * row * k, k).set(engine.i32(theirIndices + 4 * i * k, k));
    });
  });
}

/** Larger biases would make intervals overflow. */
const BIAS_LIMIT = 1e37;

const biasIsTame = (engine: Engine, at: Pointer, length: number): boolean =>
  at === 0 || engine.f32(at, length).every((bias) => Math.abs(bias) < BIAS_LIMIT);

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
