/** A pair of latents `a < b` that fired together, with the tokens on which both, a, and b fired. */
export type PairVisitor = (a: number, b: number, together: number, ofA: number, ofB: number) => void;

/**
 * Visits the pairs of latents that fire together on at least `minTogether` tokens, each once, by ascending a, then b.
 *
 * @param firings latents of tokens, ascending within a token, each token ended by a negative number
 * @returns how many pairs fire together on at least one token
 */
export function countPairs(dSae: number, firings: Int32Array, minTogether: number, visit: PairVisitor): number {
  const { starts, places } = placesOfLatents(dSae, firings);
  const tokens = (j: number): number => starts[j + 1]! - starts[j]!;
  const together = new Int32Array(dSae); // with the latent at hand
  const partners = new Int32Array(dSae);
  let pairs = 0;
  for (let a = 0; a < dSae; a++) {
    let count = 0;
    for (let p = starts[a]!; p < starts[a + 1]!; p++) {
      for (let at = places[p]! + 1, b: number; (b = firings[at]!) >= 0; at++) {
        if (together[b]! === 0) partners[count++] = b;
        together[b]! += 1;
      }
    }
    pairs += count;
    let frequent = 0; // of a long tail of pairs few are: only those are worth sorting
    for (const b of partners.subarray(0, count)) {
      if (together[b]! >= minTogether) partners[frequent++] = b;
      else together[b] = 0;
    }
    for (const b of partners.subarray(0, frequent).sort()) {
      visit(a, b, together[b]!, tokens(a), tokens(b));
      together[b] = 0;
    }
  }
  return pairs;
}

/** Where in `firings` each latent is: `places[starts[j] .. starts[j + 1]]`. */
function placesOfLatents(dSae: number, firings: Int32Array): { starts: Int32Array; places: Int32Array } {
  const starts = new Int32Array(dSae + 1);
  for (const j of firings) if (j >= 0) starts[j + 1]! += 1;
  for (let j = 0; j < dSae; j++) starts[j + 1]! += starts[j]!;
  const places = new Int32Array(starts[dSae]!);
  const next = starts.slice();
  firings.forEach((j, at) => {
    if (j >= 0) places[next[j]!++] = at;
  });
  return { starts, places };
}
