/**
 * Text in contexts: all tokens that are shown are one text, in which a context is a stretch. Upper and lower case are the
 * same.
 */
import { rowsAround, type ContextData, type TextData } from "../latent-data.ts";
import { shownIndex } from "./context-view.ts";

/** Where a text is, and how strongly latents fire on it. */
export interface TextMatches {
  /**
   * `[d_sae]` sum over a latent's contexts of its largest strength on the text: 0 where the text is there but the latent fires
   * elsewhere, {@link NOT_FOUND} where it is not there.
   */
  readonly scores: Float64Array;
  /** `[d_sae]` the context in which a latent fires strongest on the text; {@link NOT_FOUND} if there is none. */
  readonly contexts: Int32Array;
}

/** No context holds the text. */
export const NOT_FOUND = -1;

/** Prepares a search. */
export function textSearch(dSae: number, contexts: ContextData, text: TextData): (query: string) => TextMatches {
  const { joined, starts } = joinedText(text);
  const firsts = new Int32Array(contexts.rows.length); // of each context, among the tokens shown
  const lasts = new Int32Array(contexts.rows.length);
  const strengthsFrom = new Int32Array(contexts.rows.length); // plus a token's index is where its strength is
  const width = contexts.before + 1 + contexts.after;
  contexts.rows.forEach((row, c) => {
    const [first, last] = rowsAround(row, contexts, text);
    firsts[c] = shownIndex(text.rows, first);
    lasts[c] = firsts[c] + last - first;
    strengthsFrom[c] = c * width + first - row + contexts.before - firsts[c];
  });

  return (query) => {
    const scores = new Float64Array(dSae).fill(NOT_FOUND);
    const found = new Int32Array(dSae).fill(NOT_FOUND);
    const matches = matchesOf(query.toLowerCase(), joined, starts);
    for (let latent = 0; latent < dSae; latent++) {
      let strongest = NOT_FOUND;
      for (let c = contexts.offsets[latent]!; c < contexts.offsets[latent + 1]!; c++) {
        let best = NOT_FOUND;
        for (let m = matches.firstFrom[firsts[c]!]!; m < matches.count && matches.lasts[m]! <= lasts[c]!; m++) {
          for (let at = matches.firsts[m]!; at <= matches.lasts[m]!; at++) {
            best = Math.max(best, contexts.strengths[strengthsFrom[c]! + at]!);
          }
        }
        if (best === NOT_FOUND) continue;
        scores[latent] = Math.max(0, scores[latent]!) + best;
        if (best <= strongest) continue;
        strongest = best;
        found[latent] = c;
      }
    }
    return { scores, contexts: found };
  };
}

/** The text, and where in it each token starts: `[shown + 1]`. */
function joinedText({ pieces, tokens }: TextData): { readonly joined: string; readonly starts: Int32Array } {
  const lower = pieces.map((piece) => piece.toLowerCase());
  const starts = new Int32Array(tokens.length + 1);
  const parts = Array.from(tokens, (token, at) => {
    starts[at + 1] = starts[at]! + lower[token]!.length;
    return lower[token]!;
  });
  return { joined: parts.join(""), starts };
}

interface Matches {
  readonly count: number;
  /** First and last token of each, ascending. */
  readonly firsts: Int32Array;
  readonly lasts: Int32Array;
  /** `[shown + 1]` the first match that begins at a token or after it; `count` if there is none. */
  readonly firstFrom: Int32Array;
}

function matchesOf(query: string, joined: string, starts: Int32Array): Matches {
  const firsts: number[] = [];
  const lasts: number[] = [];
  const firstFrom = new Int32Array(starts.length);
  let first = 0;
  let counted = 0; // tokens whose `firstFrom` is known
  for (let at = query === "" ? -1 : joined.indexOf(query); at >= 0; at = joined.indexOf(query, at + 1)) {
    while (starts[first + 1]! <= at) first++;
    while (counted <= first) firstFrom[counted++] = firsts.length;
    let last = first;
    while (starts[last + 1]! < at + query.length) last++;
    firsts.push(first);
    lasts.push(last);
  }
  firstFrom.fill(firsts.length, counted);
  return { count: firsts.length, firsts: Int32Array.from(firsts), lasts: Int32Array.from(lasts), firstFrom };
}
