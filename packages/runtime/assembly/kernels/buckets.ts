/**
 * Sparse latents sorted by latent, tokens ascending within one: a counting sort over chunks of tokens. Each chunk counts
 * and places its own entries, so the order does not depend on who does it.
 */
import { nextTile } from "./control";
import { indicesInRange, rowStart } from "./decode-sparse";
import { smaller } from "./arithmetic";

/** counts [chunks, f]: how often each latent occurs among the rows of a chunk. Reports an index outside 0 .. f - 1. */
export function countLatents(
  thread: usize,
  indices: usize,
  offsets: usize,
  counts: usize,
  n: usize,
  k: usize,
  f: usize,
  rowsPerChunk: usize,
  chunks: usize,
): void {
  for (;;) {
    const c = nextTile();
    if (c >= chunks) break;
    const own = counts + 4 * c * f;
    for (let j: usize = 0; j < f; j++) store<i32>(own + 4 * j, 0);
    const last = rowStart(offsets, k, smaller(n, (c + 1) * rowsPerChunk));
    const first = rowStart(offsets, k, smaller(n, c * rowsPerChunk));
    if (!indicesInRange(indices, first, last, f)) continue;
    for (let e = first; e < last; e++) {
      const at = own + 4 * <usize>load<i32>(indices + 4 * e);
      store<i32>(at, load<i32>(at) + 1);
    }
  }
}

/** Turns counts into where each chunk's entries of a latent go, and starts [f + 1] into where each latent begins. */
export function startBuckets(thread: usize, counts: usize, starts: usize, f: usize, chunks: usize): void {
  if (nextTile() != 0) return;
  let at: i32 = 0;
  for (let j: usize = 0; j < f; j++) {
    store<i32>(starts + 4 * j, at);
    for (let c: usize = 0; c < chunks; c++) {
      const cell = counts + 4 * (c * f + j);
      const count = load<i32>(cell);
      store<i32>(cell, at);
      at += count;
    }
  }
  store<i32>(starts + 4 * f, at);
}

/** tokens and entries [count]: of every latent in turn, the rows it occurs in and where its values lie. */
export function fillBuckets(
  thread: usize,
  indices: usize,
  offsets: usize,
  counts: usize,
  tokens: usize,
  entries: usize,
  n: usize,
  k: usize,
  f: usize,
  rowsPerChunk: usize,
  chunks: usize,
): void {
  for (;;) {
    const c = nextTile();
    if (c >= chunks) break;
    const own = counts + 4 * c * f;
    const end = smaller(n, (c + 1) * rowsPerChunk);
    for (let i = c * rowsPerChunk; i < end; i++) {
      const last = rowStart(offsets, k, i + 1);
      for (let e = rowStart(offsets, k, i); e < last; e++) {
        const cell = own + 4 * <usize>load<i32>(indices + 4 * e);
        const at = <usize>load<i32>(cell);
        store<i32>(cell, <i32>(at + 1));
        store<i32>(tokens + 4 * at, <i32>i);
        store<i32>(entries + 4 * at, <i32>e);
      }
    }
  }
}
