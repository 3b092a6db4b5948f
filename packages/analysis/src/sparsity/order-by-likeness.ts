/**
 * An order of a few things in which those that are alike stand together, so that a heat map of them shows blocks: the leaves of
 * average-linkage clustering (Sokal & Michener 1958), each merge turned so that the ends that meet are most alike.
 */

/**
 * The numbers `0 .. count - 1` in such an order. Work is `count^3`: for hundreds, not thousands.
 *
 * @param likeness symmetric; of equally likely merges the one with the lowest numbers is made
 */
export function orderByLikeness(count: number, likeness: (i: number, j: number) => number): readonly number[] {
  let clusters: readonly (readonly number[])[] = Array.from({ length: count }, (_, i) => [i]);
  let between = clusters.map((_, i) => clusters.map((_, j) => likeness(i, j))); // [clusters, clusters], means over pairs
  while (clusters.length > 1) {
    const [p, q] = mostAlike(between);
    const merged = joined(clusters[p]!, clusters[q]!, likeness);
    const [weightP, weightQ] = [clusters[p]!.length / merged.length, clusters[q]!.length / merged.length];
    const means = between[p]!.map((value, c) => weightP * value + weightQ * between[q]![c]!);
    const others = clusters.map((_, c) => c).filter((c) => c !== p && c !== q);
    clusters = [merged, ...others.map((c) => clusters[c]!)];
    between = [
      [1, ...others.map((c) => means[c]!)],
      ...others.map((c) => [means[c]!, ...others.map((d) => between[c]![d]!)]),
    ];
  }
  return clusters[0] ?? [];
}

function mostAlike(between: readonly (readonly number[])[]): readonly [number, number] {
  let best: readonly [number, number] = [0, 1];
  for (let p = 0; p < between.length; p++) {
    for (let q = p + 1; q < between.length; q++) {
      if (between[p]![q]! > between[best[0]]![best[1]]!) best = [p, q];
    }
  }
  return best;
}

function joined(
  a: readonly number[],
  b: readonly number[],
  likeness: (i: number, j: number) => number,
): readonly number[] {
  const [reversedA, reversedB] = [a.toReversed(), b.toReversed()];
  const ways = [
    [a, b],
    [a, reversedB],
    [reversedA, b],
    [reversedA, reversedB],
  ] as const;
  const meeting = ways.map(([left, right]) => likeness(left.at(-1)!, right[0]!));
  return ways[meeting.indexOf(Math.max(...meeting))]!.flat();
}
