/** What a latent browser knows: the same on the side that packs it into a page and on the side that reads it there. */
import type { LatentNeighbours } from "../../latents/latent-table.ts";

export interface LatentData {
  readonly dSae: number;
  readonly neighbours: LatentNeighbours;
  readonly own: FiringData;
  /** Of the same shape, from the same tokens. */
  readonly reference?: FiringData & { readonly name: string };
  /** Absent where there are no contexts. */
  readonly text?: TextData;
}

export interface FiringData {
  /** Tokens evaluated. */
  readonly tokens: number;
  /** `[d_sae]` */
  readonly counts: Int32Array;
  /** `[d_sae]` */
  readonly largest: Float32Array;
  readonly contexts?: ContextData;
}

/** The tokens that contexts show, in the order of their rows: a context is a stretch of them. */
export interface TextData {
  /** As they are, for searching; for people see `visibleText`. */
  readonly pieces: readonly string[];
  /** `[shown]` index in `pieces` */
  readonly tokens: Int32Array;
  /** `[shown]` row of the data, ascending. */
  readonly rows: Int32Array;
  readonly rowsPerWindow: number;
  /** Rows of the data. */
  readonly totalRows: number;
}

/** In compressed-row form, the strongest first. */
export interface ContextData {
  readonly before: number;
  readonly after: number;
  /** `[d_sae + 1]` */
  readonly offsets: Int32Array;
  /** `[contexts]` row of the strongest token. */
  readonly rows: Int32Array;
  /** `[contexts]` */
  readonly values: Float32Array;
  /** `[contexts, before + 1 + after]` in 255ths of the latent's largest value. */
  readonly strengths: Uint8Array;
}

/** First and last row, inclusive, of the context around a row: it ends where its window does. */
export function rowsAround(
  row: number,
  { before, after }: Pick<ContextData, "before" | "after">,
  { rowsPerWindow, totalRows }: Pick<TextData, "rowsPerWindow" | "totalRows">,
): readonly [first: number, last: number] {
  const start = Math.floor(row / rowsPerWindow) * rowsPerWindow;
  const end = Math.min(start + rowsPerWindow, totalRows);
  return [Math.max(start, row - before), Math.min(end - 1, row + after)];
}
