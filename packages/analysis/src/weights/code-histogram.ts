/** How often each quantizer code occurs in a matrix: what a quantizer makes of its levels. */
import { unpackCodes, type CodeMatrix, type PackedMatrix, type PackedSae } from "@qsae/runtime";

export interface CodeHistogram {
  /** Which matrix, for people: `encoder`, `dictionary of stage 2, plane 1`, `dictionary, part 1`. */
  readonly matrix: string;
  /** The code that `counts[0]` counts. */
  readonly firstCode: number;
  /** One count per code, ascending. */
  readonly counts: readonly number[];
}

/**
 * Histograms of all code planes of a packed SAE, none for float matrices and float parts.
 *
 * @throws InvalidCodesError if packed bytes are no codes
 */
export function codeHistograms({ stages }: Pick<PackedSae, "stages">): readonly CodeHistogram[] {
  return stages.flatMap(({ encoder, dictionary }, s) => {
    const stage = stages.length > 1 ? ` of stage ${s + 1}` : "";
    return [...matrixHistograms(encoder, `encoder${stage}`), ...matrixHistograms(dictionary, `dictionary${stage}`)];
  });
}

function matrixHistograms(matrix: PackedMatrix, name: string): readonly CodeHistogram[] {
  switch (matrix.kind) {
    case "float32":
      return [];
    case "codes":
      return planeHistograms(matrix, name);
    case "mixed":
      return matrix.parts.flatMap((part, p) => matrixHistograms(part, `${name}, part ${p + 1}`));
  }
}

function planeHistograms({ rows, cols, codes: range, planes }: CodeMatrix, name: string): readonly CodeHistogram[] {
  const [firstCode, lastCode] = range;
  return planes.map(({ packed }, p) => {
    const counts = new Array<number>(lastCode - firstCode + 1).fill(0);
    for (const code of unpackCodes(packed, rows, cols, range)) counts[code - firstCode]! += 1;
    return { matrix: planes.length > 1 ? `${name}, plane ${p + 1}` : name, firstCode, counts };
  });
}
