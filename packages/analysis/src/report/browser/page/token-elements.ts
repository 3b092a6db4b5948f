/** Contexts as elements: each token on a background as strong as the latent fires on it. */
import { formatShare, formatSignificant } from "../../format.ts";
import type { ContextView, TokenView } from "./context-view.ts";
import { element } from "./element.ts";
import { visibleText } from "./visible-text.ts";

/** All tokens of a context, with dots where the text goes on. A space at the start of a text would only be an indent. */
export function contextText({ tokens, value, isStart, isEnd }: ContextView, largest: number): HTMLElement {
  const parts = tokens.map(({ piece, strength, isPeak }, at): Node | string => {
    if (strength > 0)
      return firedToken(piece, { strength, isPeak }, isPeak ? value : (strength / 255) * largest, largest);
    return visibleText(at === 0 && isStart ? piece.trimStart() : piece);
  });
  return element("p", { class: "context-text", dir: "auto" }, isStart ? "" : "…", ...parts, isEnd ? "" : "…");
}

function firedToken(
  piece: string,
  { strength, isPeak }: Pick<TokenView, "strength" | "isPeak">,
  value: number,
  largest: number,
): HTMLElement {
  const share = formatShare(largest > 0 ? value / largest : undefined);
  const made = element(
    isPeak ? "strong" : "span",
    {
      class: "fired",
      title: `${isPeak ? "" : "about "}${formatSignificant(value)}, ${share} of the latent's largest value`,
    },
    visibleText(piece),
  );
  made.style.setProperty("--strength", (strength / 255).toFixed(3));
  return made;
}

/** Characters of the text before the strongest token in a line of the list. */
const MOST_BEFORE = 14;
const MOST_AFTER = 40;

/** The strongest token with a little of what is around it, for one line. */
export function contextLine({ tokens }: ContextView): readonly (Node | string)[] {
  const peak = tokens.findIndex(({ isPeak }) => isPeak);
  const textOf = (some: readonly TokenView[]): string => visibleText(some.map(({ piece }) => piece).join(""));
  const before = Array.from(textOf(tokens.slice(0, peak)));
  const after = Array.from(textOf(tokens.slice(peak + 1)));
  return [
    before.length > MOST_BEFORE ? `…${before.slice(-MOST_BEFORE).join("")}` : before.join("").trimStart(),
    element("strong", {}, textOf(tokens.slice(peak, peak + 1))),
    after.slice(0, MOST_AFTER).join(""),
  ];
}
