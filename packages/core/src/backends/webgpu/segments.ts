/** Into how many parts the latents are divided for the kernels that scan them. */
import { HEAPS, TILE } from "./kernels/scan-latents.ts";

/** Enough to keep a large device busy. */
const WORKGROUPS = 512;
/** Shorter segments leave more candidates than they save. */
const LEAST_WIDTH = 1024;

export interface Segments {
  readonly segments: number;
  /** Latents of each, the last perhaps fewer: whole tiles where there are several. */
  readonly width: number;
  /** Entries of a heap: as many as are asked for, or all latents that it sees. */
  readonly kept: number;
  /** Entries of a token, in all its heaps. */
  readonly candidates: number;
}

interface Wanted {
  readonly n: number;
  readonly dSae: number;
  /** Entries of each heap. */
  readonly kept: number;
  /** Latents of a segment, a multiple of the tile's width. */
  readonly most: number;
  /** Segments, where they are wide enough. Default 1. */
  readonly least?: number;
}

export function segmentsFor({ n, dSae, kept, most, least = 1 }: Wanted): Segments {
  const wanted = Math.max(least, Math.ceil(WORKGROUPS / Math.ceil(n / TILE)));
  const possible = Math.max(1, Math.floor(dSae / Math.max(LEAST_WIDTH, 8 * kept)));
  const tiles = Math.ceil(dSae / Math.min(wanted, possible) / TILE);
  const width = Math.min(tiles * TILE, most);
  const segments = Math.ceil(dSae / width);
  const size = Math.min(kept, (TILE / HEAPS) * Math.ceil(width / TILE));
  return { segments, width, kept: size, candidates: HEAPS * segments * size };
}
