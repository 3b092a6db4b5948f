/** A listbox of very many latents: only the lines in sight are in the page. */
import { element } from "./element.ts";

export interface LatentList {
  /** Shows these from the start, one of them marked if it is among them. */
  fill(latents: Int32Array, marked: number): void;
  /** Marks one and brings it into sight; none if it is not among those shown. */
  mark(latent: number): void;
}

export interface ListOptions {
  /** Of the element; ids of options start with it. */
  readonly id: string;
  readonly optionOf: (latent: number) => { readonly label: string; readonly content: readonly (Node | string)[] };
  /** A person chose one. */
  readonly onChoose: (latent: number) => void;
}

/** Lines beyond what is in sight, so that fast scrolling shows no gaps. */
const MARGIN = 8;

/** @param root `role="listbox"`, scrolls, and can be focused */
export function latentList(root: HTMLElement, { id, optionOf, onChoose }: ListOptions): LatentList {
  const lines = root.appendChild(element("div", { class: "lines", role: "presentation" }));
  let latents: Int32Array = new Int32Array();
  let marked = -1; // index in `latents`
  let lineHeight = 1;
  let drawn = { from: 0, to: 0, options: new Map<number, HTMLElement>() };

  const optionId = (index: number): string => `${id}-${latents[index]!}`;
  const draw = (): void => {
    const from = Math.max(0, Math.floor(root.scrollTop / lineHeight) - MARGIN);
    const to = Math.min(latents.length, Math.ceil((root.scrollTop + root.clientHeight) / lineHeight) + MARGIN);
    const options = new Map<number, HTMLElement>();
    for (let index = from; index < to; index++) options.set(index, drawn.options.get(index) ?? optionElement(index));
    for (const [index, option] of options) option.setAttribute("aria-selected", String(index === marked));
    // whoever walks through the list moves few lines in and out; screen readers read them in their order here
    for (const [index, option] of drawn.options) if (!options.has(index)) option.remove();
    let next: HTMLElement | null = null;
    for (let index = to - 1; index >= from; index--) {
      const option = options.get(index)!;
      if (!drawn.options.has(index)) lines.insertBefore(option, next);
      next = option;
    }
    drawn = { from, to, options };
    if (options.has(marked)) root.setAttribute("aria-activedescendant", optionId(marked));
    else root.removeAttribute("aria-activedescendant");
  };
  const optionElement = (index: number): HTMLElement => {
    const { label, content } = optionOf(latents[index]!);
    const made = element(
      "div",
      {
        id: optionId(index),
        class: "option",
        role: "option",
        "aria-label": label,
        "aria-posinset": String(index + 1),
        "aria-setsize": String(latents.length),
        "data-latent": String(latents[index]!),
      },
      ...content,
    );
    made.style.transform = `translateY(${index * lineHeight}px)`;
    return made;
  };
  /** The style sheet sets the height of a line, by the size of text and of the screen. */
  const measure = (): void => {
    for (const option of drawn.options.values()) option.remove();
    drawn.options.clear();
    const probe = lines.appendChild(element("div", { class: "option" }));
    lineHeight = probe.getBoundingClientRect().height || 1;
    probe.remove();
    lines.style.height = `${latents.length * lineHeight}px`;
  };
  /** A line next to those in sight moves the list by one; one from far away comes to the middle. */
  const scrollTo = (index: number): void => {
    const above = root.scrollTop - index * lineHeight;
    const below = (index + 1) * lineHeight - root.scrollTop - root.clientHeight;
    if (Math.max(above, below) > 2 * lineHeight) root.scrollTop = (index + 0.5) * lineHeight - root.clientHeight / 2;
    else if (above > 0) root.scrollTop -= above;
    else if (below > 0) root.scrollTop += below;
  };
  const choose = (index: number): void => {
    if (latents.length === 0) return;
    onChoose(latents[Math.max(0, Math.min(latents.length - 1, index))]!);
  };

  root.addEventListener("scroll", () => {
    const first = Math.floor(root.scrollTop / lineHeight);
    const last = Math.ceil((root.scrollTop + root.clientHeight) / lineHeight);
    const missing = first < drawn.from || Math.min(last, latents.length) > drawn.to;
    if (missing) draw();
  });
  root.addEventListener("click", ({ target }) => {
    const option = target instanceof Element ? target.closest<HTMLElement>("[data-latent]") : null;
    if (option !== null) onChoose(Number(option.dataset["latent"]));
  });
  root.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(root.clientHeight / lineHeight) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: marked + 1,
      ArrowUp: marked < 0 ? 0 : marked - 1,
      PageDown: marked + page,
      PageUp: marked - page,
      Home: 0,
      End: latents.length - 1,
    };
    const index = steps[event.key];
    if (index === undefined) return;
    event.preventDefault();
    choose(index);
  });
  new ResizeObserver(() => {
    measure();
    draw();
  }).observe(root);

  return {
    fill(shown, latent) {
      latents = shown;
      marked = latents.indexOf(latent);
      measure();
      root.scrollTop = 0;
      draw();
    },
    mark(latent) {
      marked = latents.indexOf(latent);
      if (marked >= 0) scrollTo(marked);
      draw();
    },
  };
}
