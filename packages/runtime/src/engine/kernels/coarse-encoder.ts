/**
 * `encodeTopK` by way of integer scores and candidates. How, and why the certified result is the exact one:
 * assembly/kernels/coarse-top-k.ts and interval-candidates.ts.
 */
import { UsageError } from "../../errors.ts";
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { codeWidth, type CodeWidth } from "./code-width.ts";
import { DOT_ROWS } from "./register-tile.ts";
import { perThread, withScratch } from "./scratch.ts";

/** W_enc as coarse scoring wants it: codes twice, and floats; 1.5 times its size with codes of a byte, twice with words. */
export interface CoarseEncoder {
  readonly block: Pointer;
  /** Of both, in bytes. */
  readonly width: CodeWidth;
  readonly weightLevels: number;
  readonly activationLevels: number;
  free(): void;
}

interface CoarseProblem {
  readonly x: Pointer;
  readonly center: Pointer;
  readonly bEnc: Pointer;
  readonly values: Pointer;
  readonly indices: Pointer;
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
  /** Candidates per token without a certificate; `undefined` for certified ones, as many as it takes. */
  readonly fixedCandidates: number | undefined;
}

export interface CoarseResult {
  /** Candidates per token, on average over the rows that had room for theirs. */
  readonly candidates: number;
  /** Rows with more candidates than the budget, ascending. Nothing was written for them. */
  readonly unfinished: readonly number[];
}

const COLUMN_BLOCK = 256;
/** Codes of 50 rows and 256 columns, their accumulators and candidates fit L2. */
const BLOCK_ROWS = 10 * DOT_ROWS;
/** Candidates that a row may have, times k. Measured: medians 4.5 on real activations and 12 on Gaussian ones, at most 22. */
const BUDGET = 24;

/** Whether coarse scoring can pay: candidates must be few against the dictionary. */
export const coarsePays = (k: number, dSae: number): boolean => 2 * candidateBudget(k) <= dSae;

/** A multiple of 16 and at least k + 32, as the kernel wants it. */
const candidateBudget = (k: number): number => Math.ceil(Math.max(BUDGET * k, k + 32) / 16) * 16;

/**
 * `undefined` if a weight is not finite: such latents have no codes.
 * @throws UsageError for codes of a byte in a build that cannot multiply them
 * @throws EngineMemoryError when the packed form does not fit
 */
export function packCoarseEncoder(
  engine: Engine,
  wEnc: Pointer,
  dIn: number,
  dSae: number,
  width = codeWidth(engine),
): CoarseEncoder | undefined {
  if (width === 1 && engine.build === "simd") {
    throw new UsageError("packEncoder: codeWidth=1 needs the relaxed build; the simd build has codes of 2 bytes");
  }
  const dp = paddedDepth(dIn);
  const { weightLevels, activationLevels } = levelsOf(width, dp);
  const fp = Math.ceil(dSae / 16) * 16;
  const block = engine.alloc(fp * dp * (4 + 2 * width) + fp * 16 + fp / 2);
  try {
    const own = perThread(engine, 4 * dp + 4096);
    withScratch(engine, (scratch) => {
      engine.run("packCoarse", wEnc, dIn, dSae, width, weightLevels, block, scratch.bytes(own.total), own.stride);
    });
  } catch (error) {
    engine.free(block);
    throw error;
  }
  const free = (): void => engine.free(block);
  if (engine.status() === undefined) return { block, width, weightLevels, activationLevels, free };
  free();
  return undefined;
}

/** `undefined` if a row of x is not finite. Rows that are left unfinished must be encoded exactly. */
export function encodeCoarse(engine: Engine, encoder: CoarseEncoder, problem: CoarseProblem): CoarseResult | undefined {
  const { x, center, bEnc, values, indices, n, dIn, dSae, k, fixedCandidates } = problem;
  const { width } = encoder;
  const dp = paddedDepth(dIn);
  const capacity = candidateBudget(fixedCandidates ?? k);
  const perRow = (4 + 2 * width) * dp + 64 + 4 * COLUMN_BLOCK + 16 * capacity;
  const own = perThread(engine, BLOCK_ROWS * perRow + (4 + width) * dp + 4 * COLUMN_BLOCK + 128);
  return withScratch(engine, (scratch) => {
    const overflows = scratch.floats(2 + n);
    engine.i32(overflows, 2).fill(0);
    engine.run(
      "coarseTopK",
      ...([x, center, encoder.block, bEnc, values, indices, n, dIn, dSae, k] as const),
      ...([fixedCandidates ?? k, fixedCandidates === undefined ? 1 : 0, width, encoder.activationLevels] as const),
      ...([capacity, BLOCK_ROWS, overflows, scratch.bytes(own.total), own.stride] as const),
    );
    if (engine.status() !== undefined) return undefined;
    const [rows, candidates] = engine.i32(overflows, 2) as unknown as [number, number];
    const unfinished = [...engine.i32(overflows + 8, rows)].sort((a, b) => a - b);
    return { candidates: rows < n ? candidates / (n - rows) : 0, unfinished };
  });
}

/** Rows are padded to whole vectors of codes. */
const paddedDepth = (dIn: number): number => Math.ceil(dIn / 16) * 16;

/** Bytes: i8 weights and u7 activations. Words: as many levels as keep a sum of dp products in 31 bits. */
function levelsOf(width: CodeWidth, dp: number): { readonly weightLevels: number; readonly activationLevels: number } {
  if (width === 1) return { weightLevels: 127, activationLevels: 63 };
  const levels = Math.min(2047, Math.floor(Math.sqrt((2 ** 31 - 1) / dp)));
  return { weightLevels: levels, activationLevels: levels };
}
