/** Which cells to measure, in which order. */
import { unknownName } from "@qsae/runtime";
import { groupOf, type Cell, type Results } from "./cell.ts";
import { prerequisites } from "./cell-key.ts";

/** Cells by id or group. @throws UsageError listing groups and ids, if a name is neither */
export function namedCells(cells: readonly Cell[], names: readonly string[]): Cell[] {
  const known = new Set(cells.flatMap(({ id }) => [groupOf(id), id]));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw unknownName("cell", unknown, known);
  return cells.filter(({ id }) => names.includes(id) || names.includes(groupOf(id)));
}

/** `wanted` and whatever they need, in the order of `cells` but for prerequisites, which come before. */
export function withPrerequisites(cells: readonly Cell[], wanted: readonly Cell[]): Cell[] {
  const byId = new Map(cells.map((cell) => [cell.id, cell]));
  const planned = new Set<Cell>();
  const add = (cell: Cell): void => {
    for (const id of prerequisites(cell)) add(byId.get(id)!);
    planned.add(cell);
  };
  for (const cell of cells) if (wanted.includes(cell)) add(cell);
  return [...planned];
}

/** `measured` with the cell's present configuration, `changed` since, or `missing`. */
export function stateOf(
  id: string,
  keys: ReadonlyMap<string, string>,
  results: Results,
): "measured" | "changed" | "missing" {
  const stored = results.get(id);
  if (!stored) return "missing";
  return stored.key === keys.get(id) ? "measured" : "changed";
}

/** The results that belong to the cells as they are now. */
export const currentResults = (keys: ReadonlyMap<string, string>, results: Results): Results =>
  new Map([...results].filter(([id]) => stateOf(id, keys, results) === "measured"));
