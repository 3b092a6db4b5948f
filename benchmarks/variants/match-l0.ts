/**
 * The next value to try of a key that L0 follows as about a power of it: the line through the two nearest tries in
 * logarithms, or the slope known beforehand where there is one try.
 */
import { L0_KEYS, type MatchL0 } from "./cell.ts";
import { l0Matches } from "./claims.ts";
import { D_SAE } from "./data.ts";

export interface Try {
  readonly value: number;
  readonly l0: number;
}

/** More are not likely to help. */
const MAX_TRIES = 6;
/** A line through two tries says little further away. */
const MAX_FACTOR = 8;
/** Latents may all be off. */
const MIN_L0 = 0.01;

/** Undefined when a try matches, or there is no use in another one. */
export function nextValue({ key, start }: MatchL0, target: number, tries: readonly Try[]): number | undefined {
  const rounded = (value: number): number => (key === "k" ? Math.min(D_SAE, Math.max(1, Math.round(value))) : value);
  // of equals the latest, so that a key without effect is changed further
  const nearest = [...tries].reverse().sort((a, b) => distance(a, target) - distance(b, target));
  const [best, second] = nearest;
  if (!best) return rounded(start ?? target);
  if (l0Matches(best.l0, target) || tries.length >= MAX_TRIES) return undefined;
  const slope = (second && slopeOf(best, second, L0_KEYS[key])) ?? L0_KEYS[key];
  const factor = Math.exp(Math.log(Math.max(target, MIN_L0) / Math.max(best.l0, MIN_L0)) / slope);
  const value = rounded(best.value * Math.min(MAX_FACTOR, Math.max(1 / MAX_FACTOR, factor)));
  return tries.some((tried) => tried.value === value) ? undefined : value;
}

/** The try whose L0 is nearest to the target. */
export const nearestTry = <T extends Try>(tries: readonly T[], target: number): T =>
  tries.reduce((best, tried) => (distance(tried, target) < distance(best, target) ? tried : best));

const distance = ({ l0 }: Try, target: number): number =>
  Math.abs(Math.log(Math.max(l0, MIN_L0) / Math.max(target, MIN_L0)));

/** Undefined where the tries contradict the direction that is known, or say nothing. */
function slopeOf(a: Try, b: Try, known: number): number | undefined {
  const slope = Math.log(Math.max(a.l0, MIN_L0) / Math.max(b.l0, MIN_L0)) / Math.log(a.value / b.value);
  return Number.isFinite(slope) && slope * known > 0 ? slope : undefined;
}
