/** What became of the contexts of a reference, latent by latent. A context stays if the other side has one that shares a token. */
import { rowsAround, type ContextData, type TextData } from "../latent-data.ts";

/** `[d_sae]` contexts of either side, of each latent, that the other side lacks. */
export function changedContexts(own: ContextData, reference: ContextData, text: TextData): Int32Array {
  return Int32Array.from({ length: own.offsets.length - 1 }, (_, latent) => {
    const mine = rowsOf(latent, own);
    const theirs = rowsOf(latent, reference);
    const lacking = (rows: Int32Array, of: ContextData, others: Int32Array, ofOthers: ContextData): number =>
      rows.reduce((count, row) => (isAmong(row, of, others, ofOthers, text) ? count : count + 1), 0);
    return lacking(mine, own, theirs, reference) + lacking(theirs, reference, mine, own);
  });
}

/** Rows of the strongest tokens of a latent. */
export function rowsOf(latent: number, { offsets, rows }: ContextData): Int32Array {
  return rows.subarray(offsets[latent], offsets[latent + 1]);
}

/** Whether the context around `row` shares a token with one of the contexts around `others`. */
export function isAmong(
  row: number,
  contexts: ContextData,
  others: Int32Array,
  ofOthers: ContextData,
  text: TextData,
): boolean {
  const [first, last] = rowsAround(row, contexts, text);
  return others.some((other) => {
    const [otherFirst, otherLast] = rowsAround(other, ofOthers, text);
    return first <= otherLast && otherFirst <= last;
  });
}
