/** Which latents a person asked for, and in which order. */
import type { FiringData } from "../latent-data.ts";
import { NOT_FOUND, type TextMatches } from "./text-search.ts";

/** A latent is dense above this share of tokens, as in `latentDensity`. */
export const DENSE_ABOVE = 0.1;

export type Shown = "firing" | "dense" | "dead" | "changed" | "all";
export type Order = "match" | "number" | "often" | "seldom" | "largest" | "changed";

export interface LatentQuery {
  /** What was typed: the number of a latent, or a text. */
  readonly typed: string;
  readonly shown: Shown;
  readonly order: Order;
  /** Where what was typed is, as a text; absent where there are no contexts. */
  readonly matches?: Pick<TextMatches, "scores"> | undefined;
}

export interface Findable {
  readonly firing: FiringData;
  /** `[d_sae]` contexts that changed, where there is a reference. */
  readonly changed?: Int32Array;
}

/** The latents asked for. One whose number was typed is the first, whatever else is shown. */
export function findLatents(of: Findable, { typed, shown, order, matches }: LatentQuery): Int32Array {
  const { counts } = of.firing;
  const number = numberIn(typed, counts.length);
  const isAsked = isSearch(typed);
  const scores = isAsked ? matches?.scores : undefined;
  const isFound = (latent: number): boolean => !isAsked || (scores !== undefined && scores[latent] !== NOT_FOUND);
  const isShown = isShownAs(shown, of);
  const found = Int32Array.from(counts.keys()).filter(
    (latent) => latent !== number && isShown(latent) && isFound(latent),
  );
  const rank = rankBy(order, of, scores);
  if (rank !== undefined) found.sort((a, b) => rank(b) - rank(a) || a - b);
  return number === undefined ? found : Int32Array.of(number, ...found);
}

/** Whether anything was typed. */
export function isSearch(typed: string): boolean {
  return typed.trim() !== "";
}

/** How many latents each choice shows. */
export function countShown(shown: Shown, of: Findable): number {
  const isShown = isShownAs(shown, of);
  return of.firing.counts.reduce((count, _, latent) => (isShown(latent) ? count + 1 : count), 0);
}

/** `123` or `#123`, if there is such a latent. */
function numberIn(typed: string, dSae: number): number | undefined {
  const digits = /^\s*#?\s*(\d{1,9})\s*$/.exec(typed)?.[1];
  return digits !== undefined && Number(digits) < dSae ? Number(digits) : undefined;
}

function isShownAs(shown: Shown, { firing: { counts, tokens }, changed }: Findable): (latent: number) => boolean {
  switch (shown) {
    case "firing":
      return (latent) => counts[latent]! > 0;
    case "dense":
      return (latent) => counts[latent]! > DENSE_ABOVE * tokens;
    case "dead":
      return (latent) => counts[latent] === 0;
    case "changed":
      return (latent) => (changed?.[latent] ?? 0) > 0;
    case "all":
      return () => true;
  }
}

/** The larger comes first; undefined leaves the order of numbers. */
function rankBy(
  order: Order,
  of: Findable,
  scores: Float64Array | undefined,
): ((latent: number) => number) | undefined {
  const { counts, largest } = of.firing;
  switch (order) {
    case "match":
      return scores && ((latent) => scores[latent]!);
    case "number":
      return undefined;
    case "often":
      return (latent) => counts[latent]!;
    case "seldom":
      return (latent) => -counts[latent]!;
    case "largest":
      return (latent) => largest[latent]!;
    case "changed":
      return (latent) => of.changed?.[latent] ?? 0;
  }
}
