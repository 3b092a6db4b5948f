/**
 * The n largest entries of each of many rows as they stream by, in any order: one binary heap per row with the entry that
 * would go first at its root, all of them in flat arrays (8 bytes per entry that may be kept).
 */
export interface TopEntries {
  /** Takes part in `row` with `value`; of equal values the smaller id is kept. An id is offered once per row. */
  offer(row: number, value: number, id: number): void;
  /** What is kept now. */
  sorted(): SortedEntries;
}

/** Entries in compressed-row form, the largest first, equal ones by ascending id. */
export interface SortedEntries {
  /** `[rows + 1]`; row r owns entries `offsets[r] .. offsets[r + 1]`. */
  readonly offsets: Int32Array;
  readonly ids: Int32Array;
  readonly values: Float32Array;
}

/** @param most entries kept per row */
export function topEntries(rows: number, most: number): TopEntries {
  const sizes = new Int32Array(rows);
  const ids = new Int32Array(rows * most); // [rows, most], a heap in each row
  const values = new Float32Array(rows * most);

  /** Whether entry p leaves before entry q. */
  const isWorse = (p: number, q: number): boolean =>
    values[p]! < values[q]! || (values[p] === values[q] && ids[p]! > ids[q]!);
  const swap = (p: number, q: number): void => {
    const [value, id] = [values[p]!, ids[p]!];
    values[p] = values[q]!;
    ids[p] = ids[q]!;
    values[q] = value;
    ids[q] = id;
  };
  const siftUp = (from: number, start: number): void => {
    for (let child = start; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!isWorse(from + child, from + parent)) return;
      swap(from + child, from + parent);
      child = parent;
    }
  };
  const siftDown = (from: number, size: number): void => {
    for (let parent = 0; ;) {
      let worst = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < size && isWorse(from + child, from + worst)) worst = child;
      }
      if (worst === parent) return;
      swap(from + worst, from + parent);
      parent = worst;
    }
  };

  return {
    offer(row, value, id) {
      const from = row * most;
      const size = sizes[row]!;
      if (size < most) {
        values[from + size] = value;
        ids[from + size] = id;
        sizes[row] = size + 1;
        siftUp(from, size);
        return;
      }
      const kept = Math.fround(value);
      if (kept < values[from]! || (kept === values[from] && id > ids[from]!)) return;
      values[from] = kept;
      ids[from] = id;
      siftDown(from, size);
    },
    sorted() {
      const offsets = new Int32Array(rows + 1);
      for (let row = 0; row < rows; row++) offsets[row + 1] = offsets[row]! + sizes[row]!;
      const sorted = { offsets, ids: new Int32Array(offsets[rows]!), values: new Float32Array(offsets[rows]!) };
      for (let row = 0; row < rows; row++) {
        const order = Array.from({ length: sizes[row]! }, (_, entry) => row * most + entry).sort((p, q) =>
          isWorse(p, q) ? 1 : -1,
        );
        order.forEach((entry, rank) => {
          sorted.ids[offsets[row]! + rank] = ids[entry]!;
          sorted.values[offsets[row]! + rank] = values[entry]!;
        });
      }
      return sorted;
    },
  };
}
