/** The first pairs of latents by count, Jaccard index and lift, of many that stream by. */
import type { PairVisitor } from "./count-pairs.ts";

/** Two latents, `a < b`, and how often they fire together. */
export interface LatentPair {
  readonly a: number;
  readonly b: number;
  /** Tokens on which both fire. */
  readonly together: number;
  /** Of the tokens on which either fires, the share on which both do. */
  readonly jaccard: number;
  /** How many times as often as if they were independent. */
  readonly lift: number;
}

export interface RankedPairs {
  /** Pairs must come by ascending a, then b: then equal pairs keep that order. */
  readonly offer: PairVisitor;
  finish(): Record<"byCount" | "byJaccard" | "byLift", readonly LatentPair[]>;
}

export function rankedPairs({ topPairs, tokens }: { readonly topPairs: number; readonly tokens: number }): RankedPairs {
  const byCount = ranking(topPairs, ({ together }) => together);
  const byJaccard = ranking(topPairs, ({ jaccard }) => jaccard);
  const byLift = ranking(topPairs, ({ lift }) => lift);
  return {
    offer(a, b, together, ofA, ofB) {
      const jaccard = together / (ofA + ofB - together);
      const lift = (together * tokens) / (ofA * ofB);
      const counted = byCount.takes(together, together);
      const overlapping = byJaccard.takes(jaccard, together);
      const lifted = byLift.takes(lift, together);
      if (!counted && !overlapping && !lifted) return;
      const pair = { a, b, together, jaccard, lift };
      if (counted) byCount.add(pair);
      if (overlapping) byJaccard.add(pair);
      if (lifted) byLift.add(pair);
    },
    finish: () => ({ byCount: byCount.finish(), byJaccard: byJaccard.finish(), byLift: byLift.finish() }),
  };
}

interface Ranking {
  /** Whether a pair that comes after all others would be among the first. */
  takes(value: number, together: number): boolean;
  add(pair: LatentPair): void;
  finish(): readonly LatentPair[];
}

/** Pairs of equal value are ranked by their count. Twice as many as asked for are held before the rest is cut off. */
function ranking(most: number, valueOf: (pair: LatentPair) => number): Ranking {
  let pairs: LatentPair[] = [];
  let last: LatentPair | undefined; // the last of the first `most`, when they were last sorted
  const sort = (): void => {
    pairs = pairs
      .sort((p, q) => valueOf(q) - valueOf(p) || q.together - p.together || p.a - q.a || p.b - q.b)
      .slice(0, most);
    last = pairs[most - 1];
  };
  return {
    takes(value, together) {
      if (last === undefined) return true;
      const least = valueOf(last);
      return value > least || (value === least && together > last.together);
    },
    add(pair) {
      pairs.push(pair);
      if (pairs.length >= 2 * most) sort();
    },
    finish() {
      sort();
      return pairs;
    },
  };
}
