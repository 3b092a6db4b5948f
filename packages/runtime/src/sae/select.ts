/** From the scores of one token to its active latents, for every selection of the schema. */
import type { Selection } from "../packed/schema.ts";
import { kthLargest } from "./kth-largest.ts";
import { push, type LatentList } from "./latent-list.ts";

/** Appends the non-zero latents of the token whose scores start at `start`; indices count within the stage. */
export type Selector = (scores: Float32Array, start: number, active: LatentList) => void;

/** @param bEnc `[d_sae]` */
export function selectorOf(selection: Selection, bEnc: Float32Array): Selector {
  const ranked = ranking(selection);
  if (ranked !== undefined) return amongLargest(bEnc.length, ranked);
  switch (selection.kind) {
    case "threshold":
      return overThreshold(selection.threshold);
    case "gate":
      return gated(bEnc, selection.magScale, selection.magBias);
    default:
      return switchedOn(bEnc.length);
  }
}

/** Selection by rank: only the k largest scores of a token may fire. */
export interface Ranking {
  readonly k: number;
  /** Value of a latent with one of these scores, 0 where it does not fire. */
  readonly valueOf: (score: number) => number;
}

/** Absent where a selection is not by rank. */
export function ranking(selection: Selection): Ranking | undefined {
  if (selection.kind === "topk") {
    const { k, relu } = selection;
    return { k, valueOf: relu ? (score) => (score > 0 ? score : 0) : (score) => score };
  }
  if (selection.kind === "sign" && selection.k !== undefined) {
    return { k: selection.k, valueOf: (score) => (score > 0 ? 1 : 0) };
  }
  return undefined;
}

function amongLargest(dSae: number, { k, valueOf }: Ranking): Selector {
  const largest = largestOf(dSae, k);
  return (scores, start, active) => {
    largest(scores, start, (j, score) => {
      const value = valueOf(score);
      if (value !== 0) push(active, j, value);
    });
  };
}

function switchedOn(dSae: number): Selector {
  return (scores, start, active) => {
    for (let j = 0; j < dSae; j++) if (scores[start + j]! > 0) push(active, j, 1);
  };
}

/** Visits the k largest scores of a token by ascending index. */
function largestOf(
  dSae: number,
  k: number,
): (scores: Float32Array, start: number, visit: (j: number, score: number) => void) => void {
  const heap = new Float32Array(k);
  return (scores, start, visit) => {
    const kth = kthLargest(scores, start, dSae, heap);
    // Scores equal to the k-th share the places that the larger ones leave, lowest index first.
    let larger = 0;
    for (const score of heap) if (score > kth) larger++;
    let places = k - larger;
    for (let j = 0; j < dSae; j++) {
      const score = scores[start + j]!;
      if (score < kth || (score === kth && places-- <= 0)) continue;
      visit(j, score);
    }
  };
}

function overThreshold(threshold: Float32Array): Selector {
  return (scores, start, active) => {
    for (let j = 0; j < threshold.length; j++) {
      const score = scores[start + j]!;
      if (score > threshold[j]! && score !== 0) push(active, j, score);
    }
  };
}

function gated(bEnc: Float32Array, magScale: Float32Array, magBias: Float32Array): Selector {
  return (scores, start, active) => {
    for (let j = 0; j < bEnc.length; j++) {
      const score = scores[start + j]!;
      const magnitude = Math.fround((score - bEnc[j]!) * magScale[j]! + magBias[j]!);
      // Half the scores may be positive, few magnitudes are: asked first, they are the branch that can be foretold.
      if (magnitude > 0 && score > 0) push(active, j, magnitude);
    }
  };
}
