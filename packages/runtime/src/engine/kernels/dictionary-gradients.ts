/** Gradients to W_dec, W_enc and b_enc through sparse latents. How: assembly/kernels/dictionary-gradients.ts. */
import type { Engine } from "../engine.ts";
import type { Pointer } from "../pointer.ts";
import { perThread, withScratch } from "./scratch.ts";
import { checkSizes } from "./sizes.ts";
import { entryCount, throwIfOutOfRange, type SparseRows } from "./sparse-entries.ts";

/** Entries of sparse latents sorted by latent, tokens ascending; good as long as `indices` does not change. */
export interface LatentBuckets {
  readonly n: number;
  readonly dSae: number;
  /** `[d_sae + 1]` int32: entries of latent j are `starts[j] .. starts[j + 1]`. */
  readonly starts: Pointer;
  /** int32 per entry: the row it belongs to. */
  readonly tokens: Pointer;
  /** int32 per entry: where its value lies among the values. */
  readonly entries: Pointer;
  free(): void;
}

/** Chunks that are counted side by side; fewer where a chunk would have less than this many rows. */
const CHUNKS = 8;
const LEAST_CHUNK_ROWS = 64;

/**
 * @throws UsageError for sizes or offsets that are none, or an index outside `0 .. dSae - 1`
 * @throws EngineMemoryError when the tables do not fit
 */
export function bucketLatents(engine: Engine, rows: SparseRows): LatentBuckets {
  const { indices, offsets = 0, n, k = 0, dSae } = rows;
  const count = entryCount(engine, "bucketLatents", rows);
  const chunks = Math.max(1, Math.min(CHUNKS, Math.ceil(n / LEAST_CHUNK_ROWS)));
  const rowsPerChunk = Math.ceil(n / chunks);
  const owned: Pointer[] = [];
  const keep = (words: number): Pointer => {
    const pointer = engine.alloc(4 * words);
    owned.push(pointer);
    return pointer;
  };
  const free = (): void => owned.splice(0).forEach((pointer) => engine.free(pointer));
  try {
    const [starts, tokens, entries] = [keep(dSae + 1), keep(count), keep(count)] as const;
    withScratch(engine, (scratch) => {
      const counts = scratch.floats(chunks * dSae);
      engine.run("countLatents", indices, offsets, counts, n, k, dSae, rowsPerChunk, chunks);
      throwIfOutOfRange(engine, "bucketLatents", indices, dSae);
      engine.runAlone("startBuckets", counts, starts, dSae, chunks);
      engine.run("fillBuckets", indices, offsets, counts, tokens, entries, n, k, dSae, rowsPerChunk, chunks);
    });
    return { n, dSae, starts, tokens, entries, free };
  } catch (error) {
    free();
    throw error;
  }
}

export interface DecoderGradient {
  readonly buckets: LatentBuckets;
  /** One per entry: the latents' values. */
  readonly values: Pointer;
  /** `[n, d_in]`: the gradient to the reconstruction. */
  readonly dOut: Pointer;
  /** `[d_sae, d_in]`; rows of latents that never fired become zeros. */
  readonly out: Pointer;
  readonly dIn: number;
}

/** `out[j]` = sum over the tokens of latent j, ascending, of `value * dOut[token]`. */
export function decoderGradient(engine: Engine, { buckets, values, dOut, out, dIn }: DecoderGradient): void {
  checkSizes("decoderGradient", { dIn });
  const { starts, tokens, entries, dSae } = buckets;
  engine.run("decoderGradient", starts, tokens, entries, values, dOut, out, dSae, dIn);
}

export interface EncoderGradient {
  readonly buckets: LatentBuckets;
  /** One per entry: the gradient to the pre-activation, 0 where the activation function is off. */
  readonly dPre: Pointer;
  /** `[n, d_in]`. */
  readonly x: Pointer;
  /** `[d_in]`, what the encoder subtracts from every row of x. */
  readonly center?: Pointer;
  /** `[d_in, d_sae]`. */
  readonly out: Pointer;
  /** `[d_sae]`: the gradient to b_enc. */
  readonly dBias?: Pointer;
  readonly dIn: number;
}

/** `out[:, j]` = sum over the tokens of latent j, ascending, of `dPre * (x - center)[token]`; `dBias[j]` = sum of `dPre`. */
export function encoderGradient(engine: Engine, gradient: EncoderGradient): void {
  const { buckets, dPre, x, center, out, dBias = 0, dIn } = gradient;
  checkSizes("encoderGradient", { dIn });
  const { starts, tokens, entries, n, dSae } = buckets;
  const own = perThread(engine, 256 * dIn);
  withScratch(engine, (scratch) => {
    let rows = x;
    if (center !== undefined) {
      rows = scratch.floats(n * dIn);
      engine.run("centerRows", x, center, rows, n, dIn);
    }
    const sums = scratch.bytes(own.total);
    engine.run("encoderGradient", starts, tokens, entries, dPre, rows, out, dBias, dSae, dIn, sums, own.stride);
  });
}
