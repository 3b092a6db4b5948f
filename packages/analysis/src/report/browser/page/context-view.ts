/** One context as a page shows it. */
import { rowsAround, type ContextData, type TextData } from "../latent-data.ts";

export interface ContextView {
  /** Of the strongest token. */
  readonly row: number;
  readonly value: number;
  /** Whether its window of text begins, or ends, with it. */
  readonly isStart: boolean;
  readonly isEnd: boolean;
  readonly tokens: readonly TokenView[];
}

export interface TokenView {
  readonly piece: string;
  /** 0 to 255 */
  readonly strength: number;
  readonly isPeak: boolean;
}

/** Contexts of a latent, the strongest first. */
export function contextsOf(latent: number, contexts: ContextData, text: TextData): readonly ContextView[] {
  const from = contexts.offsets[latent]!;
  return Array.from({ length: contexts.offsets[latent + 1]! - from }, (_, rank) =>
    contextView(from + rank, contexts, text),
  );
}

/** @param index of the context among those of all latents */
export function contextView(index: number, contexts: ContextData, text: TextData): ContextView {
  const { before, after, rows, values, strengths } = contexts;
  const row = rows[index]!;
  const [first, last] = rowsAround(row, contexts, text);
  const shown = shownIndex(text.rows, first);
  const strengthAt = (at: number): number => strengths[index * (before + 1 + after) + at - row + before]!;
  return {
    row,
    value: values[index]!,
    isStart: first % text.rowsPerWindow === 0,
    isEnd: (last + 1) % text.rowsPerWindow === 0 || last + 1 === text.totalRows,
    tokens: Array.from({ length: last - first + 1 }, (_, at) => ({
      piece: text.pieces[text.tokens[shown + at]!]!,
      strength: strengthAt(first + at),
      isPeak: first + at === row,
    })),
  };
}

/** Where `row` is among the ascending `rows`, which hold it. */
export function shownIndex(rows: Int32Array, row: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
