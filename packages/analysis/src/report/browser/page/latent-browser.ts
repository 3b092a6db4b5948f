/** Search, list and details of one SAE's latents, put together. */
import { formatCount, formatShare } from "../../format.ts";
import type { LatentData } from "../latent-data.ts";
import { addressIn, hashOf } from "./address.ts";
import { changedContexts } from "./changed-contexts.ts";
import { element, part } from "./element.ts";
import { countShown, findLatents, isSearch, type Findable, type Order, type Shown } from "./find-latents.ts";
import { latentDetails, lineOf } from "./latent-details.ts";
import { latentList } from "./latent-list.ts";
import { NOT_FOUND, textSearch, type TextMatches } from "./text-search.ts";

/**
 * Brings the browser in `root` to life.
 *
 * @param sae id of the SAE's section: what addresses call it
 */
export function startBrowser(root: HTMLElement, sae: string, data: LatentData): void {
  const search = part<HTMLInputElement>(root, "search");
  const order = part<HTMLSelectElement>(root, "order");
  const shown = part<HTMLSelectElement>(root, "shown");
  const status = part(root, "status");
  const listbox = part(root, "list");
  const details = part(root, "details");
  const findable = findableIn(data);
  const searchText = textSearchIn(data);
  let matches: TextMatches | undefined;
  let chosen = -1;
  let found: Int32Array = new Int32Array();

  const show = (latent: number): void => {
    chosen = latent;
    const titleId = `${sae}-latent-title`;
    details.replaceChildren(...latentDetails(latent, data, { titleId, onJump: jump }));
    list.mark(latent);
  };
  const list = latentList(listbox, {
    id: `${sae}-option`,
    optionOf: (latent) => {
      const share = data.own.counts[latent]! === 0 ? "" : formatShare(data.own.counts[latent]! / data.own.tokens);
      const context = matches?.contexts[latent];
      const line = element(
        "span",
        { class: "line" },
        ...lineOf(latent, data, context === NOT_FOUND ? undefined : context),
      );
      return {
        label: `Latent ${latent}, ${share === "" ? "" : `density ${share}, `}${line.textContent}`,
        content: [element("span", { class: "name" }, String(latent)), line, element("span", { class: "share" }, share)],
      };
    },
    onChoose: (latent) => {
      show(latent);
      history.replaceState(null, "", hashOf({ sae, latent }));
    },
  });
  /** Leaves a step in the browser's history, unlike walking through the list. */
  const jump = (latent: number): void => {
    history.pushState(null, "", hashOf({ sae, latent }));
    show(latent);
    part(root, "details").querySelector<HTMLElement>("h3")!.focus();
  };
  const find = (): void => {
    matches = isSearch(search.value) ? searchText?.(search.value) : undefined;
    found = findLatents(findable, {
      matches,
      typed: search.value,
      shown: shown.value as Shown,
      order: order.value as Order,
    });
    list.fill(found, chosen);
    status.textContent =
      `${formatCount(found.length)} of ${formatCount(data.dSae)} latents` +
      (found.length === 0 && data.text === undefined ? "; without tokens only numbers can be found" : "");
  };
  /** The whole browser, or what it says of the latent where that is far below its top, as on a phone. */
  const bringIntoSight = (): void => {
    (root.closest("section") ?? root).scrollIntoView();
    if (details.getBoundingClientRect().top > innerHeight / 2) details.scrollIntoView();
  };
  /** Where the address names a latent of this SAE. */
  const goToAddress = (): boolean => {
    const address = addressIn(location.hash);
    if (address?.sae !== sae || address.latent >= data.dSae) return false;
    show(address.latent);
    bringIntoSight();
    return true;
  };

  for (const option of shown.options) {
    option.textContent += ` (${formatCount(countShown(option.value as Shown, findable))})`;
  }
  search.addEventListener("input", find);
  order.addEventListener("change", find);
  shown.addEventListener("change", find);
  part(root, "bar").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("keydown", (event) => {
    if (event.isComposing || found.length === 0 || (event.key !== "Enter" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    const first = found.includes(chosen) && event.key === "ArrowDown" ? chosen : found[0]!;
    show(first);
    history.replaceState(null, "", hashOf({ sae, latent: first }));
    if (event.key === "ArrowDown") listbox.focus();
  });
  root.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (event.key !== "/" || isTyping || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    search.focus();
    search.select();
  });
  addEventListener("hashchange", goToAddress);
  find();
  if (!goToAddress()) show(found[0] ?? 0);
}

function findableIn({ own, reference, text }: LatentData): Findable {
  const [mine, theirs] = [own.contexts, reference?.contexts];
  const changed = mine && theirs && text && changedContexts(mine, theirs, text);
  return { firing: own, ...(changed && { changed }) };
}

/** The first search prepares the others. */
function textSearchIn({ dSae, own: { contexts }, text }: LatentData): ((query: string) => TextMatches) | undefined {
  if (contexts === undefined || text === undefined) return undefined;
  let prepared: ((query: string) => TextMatches) | undefined;
  return (query) => (prepared ??= textSearch(dSae, contexts, text))(query);
}
