/** Where the rows of activations lie in a file: what every format is reduced to. */
import { FormatError, UsageError } from "@qsae/runtime";

/** Element types of activations; all are read to float32. */
export type ActivationDtype = "F32" | "F16" | "BF16";

export const BYTES_PER_FLOAT: Readonly<Record<ActivationDtype, number>> = { F32: 4, F16: 2, BF16: 2 };

export interface RowLayout {
  /** Name of the tensor, where the format has names. */
  readonly tensor?: string;
  readonly dtype: ActivationDtype;
  readonly rows: number;
  readonly dIn: number;
  /** Byte offset of row 0 in the file. Row-major from there, without gaps. */
  readonly begin: number;
  /** What the file says about itself. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Row numbers are handed out as int32. */
const MAX_ROWS = 2 ** 31 - 1;

/**
 * `[tokens, d_in]` as it is; `[contexts, tokens, d_in]` flattened to rows.
 * @throws FormatError for other ranks, empty shapes and more rows than int32 can number
 */
export function rowsOfShape(
  shape: readonly number[],
  path: string,
  what: string,
): { readonly rows: number; readonly dIn: number } {
  if (shape.length !== 2 && shape.length !== 3) {
    throw new FormatError(
      path,
      `${what} has shape [${shape.join(", ")}]; expected [tokens, d_in] or [contexts, tokens, d_in]`,
    );
  }
  const dIn = shape.at(-1)!;
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  if (rows === 0 || dIn === 0) {
    throw new FormatError(path, `${what} has shape [${shape.join(", ")}]: no activations; expected at least one row`);
  }
  if (rows > MAX_ROWS) {
    throw new FormatError(path, `${what} has ${rows} rows; at most ${MAX_ROWS} are supported; split the file`);
  }
  return { rows, dIn };
}

/** Rows `from .. from + tokens` of a layout, as a layout. */
export interface RowRange {
  /** First row. Default 0. */
  readonly from?: number;
  /** Number of rows. Default: all from `from` on. */
  readonly tokens?: number;
}

/**
 * Checks a range against a file's rows and fills in the defaults.
 * @throws UsageError if it is not whole numbers or reaches past the end
 */
export function resolveRange(range: RowRange, rows: number, path: string): Required<RowRange> {
  const from = range.from ?? 0;
  if (!Number.isInteger(from) || from < 0 || from >= rows) {
    throw new UsageError(`${path}: from=${from} is not a row of it; allowed: 0..${rows - 1}`);
  }
  const tokens = range.tokens ?? rows - from;
  if (!Number.isInteger(tokens) || tokens < 1 || tokens > rows - from) {
    throw new UsageError(`${path}: tokens=${tokens} from row ${from} on; allowed: 1..${rows - from}`);
  }
  return { from, tokens };
}
