/** A pair of latents `a < b` that fired together, with the tokens on which both, a, and b fired. */
export type PairVisitor = (a: number, b: number, together: number, ofA: number, ofB: number) => void;

/**
 * Visits every pair of latents that fires on one token, once, by ascending a.
 *
 * @param firings latents of tokens, ascending within a token, each token ended by a negative number
 * @returns how many pairs there are
 */
export function countPairs(dSae: number, firings: Int32Array, visit: PairVisitor): number {
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
    for (const b of partners.subarray(0, count).sort()) {
      visit(a, b, together[b]!, tokens(a), tokens(b));
      together[b] = 0;
    }
    pairs += count;
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
