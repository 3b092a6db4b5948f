/**
 * Packed centred codes (`nested`, `centered-int`) cut to their top m bits: a valid matrix of m-bit codes, without the weights it was
 * made from. Code c becomes floor(c / 2^(n-m)), the scale 2^(n-m) times itself, and the rule stays (code + 1/2) times the scale:
 * what the m-bit quantizer makes of the same weights on that grid.
 */
import {
  packCodes,
  roundToF16,
  unpackCodes,
  UsageError,
  type CodeMatrix,
  type CodePlane,
  type PackedMatrix,
} from "@qsae/runtime";

export interface TruncateOptions {
  /**
   * Scales of the result. `grid`: those of the grid that the codes are on. `refit`: those that come nearest to the weights
   * of the given codes; much better for few bits, since the grid of many bits reaches far.
   * Default: `grid`.
   */
  readonly scale?: "grid" | "refit";
}

/**
 * The matrix with the top `bits` bits of its codes.
 *
 * @throws UsageError unless the matrix is one plane of centred two's complement codes, and bits an integer from 1 to theirs
 * @example
 * const smaller = truncateCodes(matrix, 2, { scale: "refit" });
 */
export function truncateCodes(
  matrix: PackedMatrix,
  bits: number,
  { scale = "grid" }: TruncateOptions = {},
): CodeMatrix {
  const { from, plane, codeMatrix } = centredCodes(matrix);
  if (!Number.isInteger(bits) || bits < 1 || bits > from) {
    throw new UsageError(
      `truncateCodes: bits=${bits} is not allowed; the codes have ${from}, use an integer in 1..${from}`,
    );
  }
  if (bits === from && scale === "grid") return codeMatrix;
  const { rows, cols, codes: range, quantizer } = codeMatrix;
  const given = unpackCodes(plane.packed, rows, cols, range); // [rows, cols]
  const kept = given.map((code) => code >> (from - bits));
  const codes = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] as const;
  const factors = scale === "grid" ? undefined : refittedFactors(given, kept, codeMatrix, plane);
  const scales = plane.scale.map((value, i) => value * (factors?.[i] ?? 2 ** (from - bits)));
  const { per } = quantizer.options;
  return {
    ...codeMatrix,
    codes,
    planes: [{ ...plane, packed: packCodes(kept, rows, cols, codes), ...stored(scales, plane.scaleDtype) }],
    quantizer: { id: "nested", options: { bits, ...(per === undefined ? {} : { per }) } },
  };
}

interface CentredCodes {
  readonly from: number;
  readonly plane: CodePlane;
  readonly codeMatrix: CodeMatrix;
}

function centredCodes(matrix: PackedMatrix): CentredCodes {
  if (matrix.kind === "codes" && matrix.rule.kind === "affine" && matrix.rule.offset === 0.5) {
    const [min, max] = matrix.codes;
    const from = Math.log2(max - min + 1);
    const [plane] = matrix.planes;
    if (plane && Number.isInteger(from) && min === -(2 ** (from - 1))) return { from, plane, codeMatrix: matrix };
  }
  const given = matrix.kind === "codes" ? `codes of ${matrix.quantizer.id}` : `a ${matrix.kind} matrix`;
  throw new UsageError(
    `truncateCodes: ${given} cannot be cut; only codes of nested and centered-int have valid codes as their top bits`,
  );
}

/** What each scale is multiplied by so that the kept levels come nearest to the given ones: least squares. */
function refittedFactors(
  given: Int16Array,
  kept: Int16Array,
  { rows, cols }: CodeMatrix,
  { scaleShape: [scaleRows, groups] }: CodePlane,
): Float64Array {
  const products = new Float64Array(scaleRows * groups);
  const energies = new Float64Array(scaleRows * groups);
  const groupCols = cols / groups;
  for (let row = 0; row < rows; row++) {
    const first = scaleRows === 1 ? 0 : row * groups;
    for (let col = 0; col < cols; col++) {
      const at = first + Math.floor(col / groupCols);
      const level = kept[row * cols + col]! + 0.5;
      products[at]! += level * (given[row * cols + col]! + 0.5);
      energies[at]! += level * level;
    }
  }
  return products.map((product, i) => product / energies[i]!);
}

/** As the scales were stored, where they fit. */
function stored(scale: Float32Array, dtype: CodePlane["scaleDtype"]): Pick<CodePlane, "scale" | "scaleDtype"> {
  const rounded = dtype === "F16" ? scale.map(roundToF16) : scale;
  return rounded.every(Number.isFinite) ? { scale: rounded, scaleDtype: dtype } : { scale, scaleDtype: "F32" };
}
