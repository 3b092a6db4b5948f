/**
 * Quantized rows while they are being chosen: codes and scales of one latent, apart from those of all others, so that rows of
 * one matrix may have different widths.
 */
import { levelTable, unpackCodes, type CodeMatrix } from "@qsae/runtime";
import type { Quantizer } from "@qsae/core";

/** What decoding a row needs to know of its quantizer, and what the file says about it. */
export type RowQuantizer = Pick<Quantizer, "id" | "options" | "codes" | "dequantize">;

export interface CodedRow {
  readonly quantizer: RowQuantizer;
  /** `[planes, d_in]` */
  readonly codes: Int16Array;
  /** `[planes, groups]` */
  readonly scale: Float32Array;
  /** Whether all rows of the matrix have this scale. */
  readonly sharedScale: boolean;
  /** Whether the scale is the quantizer's own and no method may change it. Default: it may. */
  readonly fixedScale?: boolean;
}

/** The rows of a matrix by number; undefined ones are dropped: they decode to zeros and cost nothing. */
export type CodedRows = readonly (CodedRow | undefined)[];

export const planesOf = ({ dequantize }: RowQuantizer): number => (dequantize.kind === "sum" ? dequantize.planes : 1);

/** What the codes of a plane stand for at scale 1, by `code - min`. */
export const levelsOf = ({ codes, dequantize }: RowQuantizer): Float32Array =>
  levelTable(dequantize.kind === "sum" ? dequantize.each : dequantize, codes);

/** The row's weights into `out [d_in]`, by the runtime's arithmetic; zeros of a dropped row. */
export function decodeRow(row: CodedRow | undefined, out: Float32Array): void {
  if (!row) {
    out.fill(0);
    return;
  }
  const { quantizer, codes, scale } = row;
  const [cols, planes] = [out.length, planesOf(quantizer)];
  const [levels, min, groups] = [levelsOf(quantizer), quantizer.codes[0], scale.length / planes];
  const groupCols = cols / groups;
  for (let plane = 0; plane < planes; plane++) {
    for (let d = 0; d < cols; d++) {
      const s = scale[plane * groups + Math.floor(d / groupCols)]!;
      const weight = Math.fround(levels[codes[plane * cols + d]! - min]! * s);
      out[d] = plane === 0 ? weight : out[d]! + weight;
    }
  }
}

/** The rows of a packed matrix. */
export function rowsOfMatrix({ rows, cols, codes, rule, planes, quantizer }: CodeMatrix): CodedRow[] {
  const unpacked = planes.map(({ packed }) => unpackCodes(packed, rows, cols, codes));
  const rowQuantizer: RowQuantizer = { ...quantizer, codes, dequantize: rule };
  return Array.from({ length: rows }, (_, row): CodedRow => {
    const rowCodes = new Int16Array(planes.length * cols);
    for (const [p, plane] of unpacked.entries()) rowCodes.set(plane.subarray(row * cols, (row + 1) * cols), p * cols);
    const scale = planes.flatMap(({ scale: all, scaleShape: [scaleRows, groups] }) => {
      const start = scaleRows === 1 ? 0 : row * groups;
      return [...all.subarray(start, start + groups)];
    });
    const sharedScale = planes[0]!.scaleShape[0] === 1 && rows > 1;
    return { quantizer: rowQuantizer, codes: rowCodes, scale: Float32Array.from(scale), sharedScale };
  });
}
