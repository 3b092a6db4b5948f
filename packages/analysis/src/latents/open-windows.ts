/**
 * Firings by window of text, each window until all its rows have come: in file order that is one at a time, in any other
 * order as many as memory allows.
 */
import { UsageError } from "@qsae/runtime";
import type { TokenTexts } from "@qsae/core";

/** Firings of one window, in the order they came: `[count]` each, of arrays that may be longer. */
export interface WindowFirings {
  readonly count: number;
  readonly rows: Int32Array;
  readonly latents: Int32Array;
  readonly values: Float32Array;
}

export interface OpenWindows {
  /** Entries `from .. to` of `indices` and `values` are those of the token at `row`. */
  add(row: number, indices: Int32Array, values: Float32Array, from: number, to: number): void;
  /** Hands over what is left, with the rows that are there. */
  closeAll(): void;
}

interface OpenWindow {
  rowsToCome: number;
  count: number;
  rows: Int32Array;
  latents: Int32Array;
  values: Float32Array;
}

const FIRST_CAPACITY = 4096;

/**
 * @param maxFirings held in all windows together; beyond it the window that was opened first is handed over as it is
 * @param close is given each window once, or in parts where memory does not hold it; what it is given is written over later
 */
export function openWindows(
  { tokens, rowsPerWindow }: TokenTexts,
  maxFirings: number,
  close: (window: WindowFirings) => void,
): OpenWindows {
  const open = new Map<number, OpenWindow>(); // in the order they were opened
  let held = 0;
  let spare: OpenWindow | undefined; // arrays of a closed window

  const opened = (window: number): OpenWindow => {
    const { rows, latents, values } = spare ?? {
      rows: new Int32Array(FIRST_CAPACITY),
      latents: new Int32Array(FIRST_CAPACITY),
      values: new Float32Array(FIRST_CAPACITY),
    };
    spare = undefined;
    const rowsToCome = Math.min(rowsPerWindow, tokens.length - window * rowsPerWindow);
    const one = { rowsToCome, count: 0, rows, latents, values };
    open.set(window, one);
    return one;
  };
  const handOver = (one: OpenWindow): void => {
    close(one);
    held -= one.count;
    one.count = 0;
  };
  const makeRoom = (needed: number): void => {
    for (const one of open.values()) {
      if (held + needed <= maxFirings) return;
      handOver(one);
    }
  };

  return {
    add(row, indices, values, from, to) {
      if (!(row >= 0 && row < tokens.length)) {
        throw new UsageError(
          `latentContexts: the data have a row ${row}, but the texts ${tokens.length} tokens; read both from one file`,
        );
      }
      if (held + to - from > maxFirings) makeRoom(to - from);
      const window = Math.floor(row / rowsPerWindow);
      const one = open.get(window) ?? opened(window);
      if (one.count + to - from > one.rows.length) grow(one, one.count + to - from);
      for (let e = from; e < to; e++) {
        if (values[e] === 0) continue;
        one.rows[one.count] = row;
        one.latents[one.count] = indices[e]!;
        one.values[one.count++] = values[e]!;
        held++;
      }
      if (--one.rowsToCome > 0) return;
      handOver(one);
      open.delete(window);
      spare = one;
    },
    closeAll() {
      for (const one of open.values()) handOver(one);
      open.clear();
    },
  };
}

function grow(one: OpenWindow, needed: number): void {
  const capacity = Math.max(needed, 2 * one.rows.length);
  const grown = <T extends Int32Array | Float32Array>(larger: T, old: T): T => {
    larger.set(old);
    return larger;
  };
  one.rows = grown(new Int32Array(capacity), one.rows);
  one.latents = grown(new Int32Array(capacity), one.latents);
  one.values = grown(new Float32Array(capacity), one.values);
}
