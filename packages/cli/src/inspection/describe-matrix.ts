/** How a packed matrix is stored, a mixed one width by width. */
import { quantizerName } from "@qsae/quantizers";
import { bitsPerCode, type MixedMatrix, type PackedMatrix, type UniformMatrix } from "@qsae/runtime";
import { count } from "../terminal/format.ts";
import type { TableData } from "../terminal/table.ts";

/** Rows of a mixed matrix that are stored alike. */
interface RowsOfWidth {
  /** `none` for rows that are not in the file. */
  readonly quantizer: string;
  /** Per weight, without scales. */
  readonly bits: number;
  readonly latents: number;
}

/** For `--json`. */
export function describeMatrix(matrix: PackedMatrix) {
  const shape = [matrix.rows, matrix.cols];
  switch (matrix.kind) {
    case "float32":
      return { shape, quantizer: storedAs(matrix) };
    case "codes":
      return { shape, quantizer: storedAs(matrix), codes: matrix.codes, planes: matrix.planes.length };
    case "mixed":
      return { shape, quantizer: "mixed", widths: widthsOf(matrix) };
  }
}

/** A line per width of every mixed matrix; undefined where there is none. */
export function widthsTable(
  stages: readonly { readonly encoder: PackedMatrix; readonly dictionary: PackedMatrix }[],
): TableData | undefined {
  const rows = stages.flatMap(({ encoder, dictionary }, s) =>
    [["encoder", encoder] as const, ["decoder", dictionary] as const].flatMap(([side, matrix]) =>
      matrix.kind !== "mixed"
        ? []
        : widthsOf(matrix).map(({ quantizer, bits, latents }) => [
            String(s + 1),
            side,
            quantizer,
            String(bits),
            count(latents),
          ]),
    ),
  );
  return rows.length === 0 ? undefined : { columns: ["stage", "mixed", "quantizer", "bits", "latents"], rows };
}

/** Narrowest first, beginning with the rows that are dropped. */
function widthsOf({ rows, parts }: MixedMatrix): readonly RowsOfWidth[] {
  const widths = new Map<string, RowsOfWidth>();
  for (const part of parts) {
    const quantizer = storedAs(part);
    const latents = (widths.get(quantizer)?.latents ?? 0) + part.rows;
    widths.set(quantizer, { quantizer, bits: bitsOf(part), latents });
  }
  const dropped = rows - parts.reduce((sum, part) => sum + part.rows, 0);
  return [
    ...(dropped > 0 ? [{ quantizer: "none", bits: 0, latents: dropped }] : []),
    ...[...widths.values()].sort((a, b) => a.bits - b.bits),
  ];
}

function storedAs(matrix: UniformMatrix): string {
  return matrix.kind === "float32" ? "float32" : quantizerName(matrix.quantizer);
}

function bitsOf(matrix: UniformMatrix): number {
  if (matrix.kind === "float32") return 32;
  return matrix.planes.length * bitsPerCode(matrix.codes[1] - matrix.codes[0] + 1);
}
