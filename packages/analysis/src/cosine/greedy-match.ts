/**
 * Greedy one-to-one matching of the atoms of two dictionaries: pairs in order of falling cosine, each taken unless one of its
 * atoms is already. Unlike the Hungarian algorithm it does not maximise the sum of cosines (at least half of the best sum is
 * certain: Avis 1983, "A survey of heuristics for the weighted matching problem"), but it needs no table of 32768^2 costs, and
 * no atom gets a worse partner so that others fare better.
 *
 * Only pairs above a cosine take part, and of each atom of `a` the {@link CANDIDATES} nearest of them. The result is that of
 * all pairs above the cosine unless an atom with more than that many lost all of them, which is counted (`uncertain`).
 */
import type { SortedEntries } from "../top-entries.ts";

/** Per atom of `a`. 8 bytes each: 8 MB for 32768 atoms. */
export const CANDIDATES = 32;

export interface AtomMatch {
  /** Latents of `a` and `b` that belong together, by falling cosine, ties by ascending latents. */
  readonly a: Int32Array;
  readonly b: Int32Array;
  readonly cosine: Float32Array;
  /** Atoms of `a` left alone although they had more candidates than were kept. 0: exactly the greedy matching. */
  readonly uncertain: number;
}

/**
 * @param candidates of every atom of `a`, in positions
 * @param truncated atoms of `a` that had more
 */
export function greedyMatch(
  { offsets, ids, values }: SortedEntries,
  truncated: ReadonlySet<number>,
  aLatents: Int32Array,
  bLatents: Int32Array,
): AtomMatch {
  const rowOf = new Int32Array(ids.length);
  for (let row = 0; row + 1 < offsets.length; row++) rowOf.fill(row, offsets[row], offsets[row + 1]);
  const byCosine = Int32Array.from({ length: ids.length }, (_, entry) => entry).sort(
    (p, q) => values[q]! - values[p]! || p - q, // entries are in order of a, then b among equals
  );
  const takenA = new Uint8Array(aLatents.length);
  const takenB = new Uint8Array(bLatents.length);
  const matched = byCosine.filter((entry) => {
    const [a, b] = [rowOf[entry]!, ids[entry]!];
    if (takenA[a] === 1 || takenB[b] === 1) return false;
    takenA[a] = takenB[b] = 1;
    return true;
  });
  return {
    a: matched.map((entry) => aLatents[rowOf[entry]!]!),
    b: matched.map((entry) => bLatents[ids[entry]!]!),
    cosine: Float32Array.from(matched, (entry) => values[entry]!),
    uncertain: [...truncated].filter((row) => takenA[row] === 0).length,
  };
}
