/** All that is known of the chosen latent. */
import { ABSENT, formatCount, formatFixed, formatShare, formatSignificant } from "../../format.ts";
import type { ContextData, FiringData, LatentData } from "../latent-data.ts";
import { isAmong, rowsOf } from "./changed-contexts.ts";
import { contextsOf, contextView } from "./context-view.ts";
import { element } from "./element.ts";
import { contextLine, contextText } from "./token-elements.ts";

type Children = readonly (Node | string)[];

/**
 * @param onJump a person asked for another latent
 * @returns what the page shows of `latent`; its heading has the id `titleId`
 */
export function latentDetails(
  latent: number,
  data: LatentData,
  { titleId, onJump }: { readonly titleId: string; readonly onJump: (latent: number) => void },
): Children {
  const { own, reference } = data;
  return [
    element("h3", { id: titleId, tabindex: "-1" }, `Latent ${formatPlain(latent)}`),
    facts(latent, own, reference),
    ...(reference === undefined ? contextSection(latent, data) : comparedContexts(latent, data, reference)),
    ...neighbourSection(latent, data, onJump),
  ];
}

/** Numbers of latents are names: without separators. */
function formatPlain(latent: number): string {
  return String(latent);
}

function facts(latent: number, own: FiringData, reference: LatentData["reference"]): HTMLElement {
  const fact = (name: string, of: (firing: FiringData) => string): HTMLElement =>
    element(
      "div",
      {},
      element("dt", {}, name),
      element("dd", {}, of(own)),
      ...(reference === undefined ? [] : [element("dd", { class: "was" }, `${of(reference)} in ${reference.name}`)]),
    );
  return element(
    "dl",
    { class: "latent-facts" },
    fact(
      "Density",
      ({ counts, tokens }) =>
        `${formatShare(counts[latent]! / tokens)}, ${formatCount(counts[latent])} of ${formatCount(tokens)} tokens`,
    ),
    fact("Largest value", ({ counts, largest }) =>
      counts[latent] === 0 ? ABSENT : formatSignificant(largest[latent]),
    ),
  );
}

function contextSection(latent: number, { own, text }: LatentData): Children {
  const title = element("h4", {}, "Strongest contexts");
  if (own.contexts === undefined || text === undefined) {
    return [title, element("p", { class: "nothing" }, "The data came without their tokens.")];
  }
  return [title, contextList(latent, own, own.contexts, text)];
}

function comparedContexts(
  latent: number,
  { own, text }: LatentData,
  reference: NonNullable<LatentData["reference"]>,
): Children {
  if (own.contexts === undefined || reference.contexts === undefined || text === undefined) return [];
  const column = (title: string, side: FiringData, contexts: ContextData, others: ContextData): HTMLElement => {
    const otherRows = rowsOf(latent, others);
    const isChanged = (row: number): boolean => !isAmong(row, contexts, otherRows, others, text);
    return element(
      "div",
      { class: "compared" },
      element("h4", {}, title),
      contextList(latent, side, contexts, text, isChanged),
    );
  };
  return [
    element(
      "div",
      { class: "sides" },
      column("Strongest contexts", own, own.contexts, reference.contexts),
      column(`In ${reference.name}`, reference, reference.contexts, own.contexts),
    ),
  ];
}

function contextList(
  latent: number,
  { largest }: FiringData,
  contexts: ContextData,
  text: NonNullable<LatentData["text"]>,
  isChanged: (row: number) => boolean = () => false,
): HTMLElement {
  const views = contextsOf(latent, contexts, text);
  if (views.length === 0) return element("p", { class: "nothing" }, "It fired on no token.");
  return element(
    "ol",
    { class: "contexts" },
    ...views.map((view) =>
      element(
        "li",
        isChanged(view.row) ? { class: "changed" } : {},
        contextText(view, largest[latent]!),
        element(
          "p",
          { class: "context-note" },
          element("span", { class: "value" }, formatSignificant(view.value)),
          ` at row ${formatCount(view.row)}`,
          ...(isChanged(view.row) ? [element("em", {}, "only here")] : []),
        ),
      ),
    ),
  );
}

function neighbourSection(latent: number, data: LatentData, onJump: (latent: number) => void): Children {
  const { perLatent, latents, cosines } = data.neighbours;
  const items = Array.from({ length: perLatent }, (_, rank) => latent * perLatent + rank)
    .filter((at) => latents[at]! >= 0)
    .map((at) => {
      const neighbour = latents[at]!;
      const button = element(
        "button",
        { type: "button", "data-latent": String(neighbour) },
        element("span", { class: "name" }, formatPlain(neighbour)),
        element("span", { class: "line" }, ...lineOf(neighbour, data)),
        element(
          "span",
          { class: "cosine" },
          element("span", { class: "unseen" }, " cosine "),
          formatFixed(cosines[at], 2),
        ),
      );
      button.addEventListener("click", () => onJump(neighbour));
      return element("li", {}, button);
    });
  return [
    element("h4", {}, "Nearest atoms ", element("small", {}, "by cosine")),
    items.length === 0
      ? element("p", { class: "nothing" }, "Its atom is zero, or there is no other.")
      : element("ol", { class: "neighbours" }, ...items),
  ];
}

/**
 * A context of a latent in a line.
 *
 * @param context among those of all latents; default: its strongest
 */
export function lineOf(latent: number, { own, text }: LatentData, context?: number): Children {
  if (own.counts[latent] === 0) return [element("small", {}, "dead")];
  if (own.contexts === undefined || text === undefined) return [];
  const first = own.contexts.offsets[latent]!;
  if (first === own.contexts.offsets[latent + 1]) return [];
  return contextLine(contextView(context ?? first, own.contexts, text));
}
