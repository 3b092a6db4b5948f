/**
 * Lines of text of which only the number of characters is known: SVG does not wrap text, and no font is at hand to measure it.
 * All widths are in ems.
 */

/** What a character takes on average, a little too much rather than too little. */
const CHARACTER_WIDTH = 0.53;
/** A dot and what is left free after it. */
const DOT_WIDTH = 1.1;
const ENTRY_GAP = 1.4;

/** At most `most` lines, broken at spaces and in longer words; what does not fit ends in an ellipsis. */
export function wrappedText(text: string, width: number, most: number): readonly string[] {
  const characters = Math.max(1, Math.floor(width / CHARACTER_WIDTH));
  const lines: string[] = [];
  let line: string[] = [];
  for (const word of text.split(/\s+/).flatMap((given) => pieces(given, characters))) {
    if (line.length > 0 && line.length + 1 + word.length > characters) {
      lines.push(line.join(""));
      line = [];
    }
    line.push(...(line.length > 0 ? [" "] : []), ...word);
    if (lines.length === most)
      return [...lines.slice(0, -1), shortened(`${lines.at(-1)!} ${line.join("")}`, characters)];
  }
  return line.length > 0 ? [...lines, line.join("")] : lines;
}

export interface LegendText {
  readonly text: string;
  readonly color: string;
}

/** Entries in rows, each with where its dot begins. */
export function legendRows(
  entries: readonly LegendText[],
  width: number,
): readonly (readonly (LegendText & { readonly from: number })[])[] {
  const rows: (LegendText & { readonly from: number })[][] = [];
  let from = Infinity;
  for (const { text, color } of entries) {
    const shown = shortened(text, Math.floor((width - DOT_WIDTH) / CHARACTER_WIDTH));
    const needed = DOT_WIDTH + CHARACTER_WIDTH * [...shown].length;
    if (from + needed > width) {
      rows.push([]);
      from = 0;
    }
    rows.at(-1)!.push({ text: shown, color, from });
    from += needed + ENTRY_GAP;
  }
  return rows;
}

function pieces(word: string, most: number): readonly (readonly string[])[] {
  const characters = [...word];
  const count = Math.ceil(characters.length / most);
  return Array.from({ length: count }, (_, p) => characters.slice(p * most, (p + 1) * most));
}

function shortened(text: string, most: number): string {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}
