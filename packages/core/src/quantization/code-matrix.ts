/** From codes and scales to the packed matrix that files store. */
import { packCodes, roundToF16, UsageError, type CodeMatrix, type CodePlane } from "@qsae/runtime";
import type { Quantizer } from "../contracts/quantizer.ts";

/** Scales are stored as F16 where that changes none of them by more than this (F16 has 11 significant bits: 2^-11 = 4.9e-4). */
const F16_RELATIVE_ERROR = 2 ** -11;

export interface CodedMatrix {
  readonly rows: number;
  readonly cols: number;
  /** `[planes, rows, cols]` */
  readonly codes: Float32Array | Int16Array;
  /** `[planes, ...scaleShape]` */
  readonly scale: Float32Array;
  /** `[rows | 1, groups]` */
  readonly scaleShape: readonly [number, number];
}

/**
 * Packs codes and scales that are known.
 *
 * @throws UsageError if codes are out of the quantizer's range or scales not finite, naming the row
 */
export function codeMatrix(
  { id, options, codes: range, dequantize: rule }: Pick<Quantizer, "id" | "options" | "codes" | "dequantize">,
  { rows, cols, codes, scale, scaleShape }: CodedMatrix,
): CodeMatrix {
  const planeCount = rule.kind === "sum" ? rule.planes : 1;
  const [scaleRows, groups] = scaleShape;
  const scalesPerPlane = scaleRows * groups;
  const planes = Array.from({ length: planeCount }, (_, plane): CodePlane => {
    const planeScale = scale.slice(plane * scalesPerPlane, (plane + 1) * scalesPerPlane);
    requireFinite(id, planeScale, groups);
    return {
      packed: packCodes(codes.subarray(plane * rows * cols, (plane + 1) * rows * cols), rows, cols, range),
      scaleShape,
      ...storedScale(planeScale),
    };
  });
  return { kind: "codes", rows, cols, codes: range, rule, planes, quantizer: { id, options } };
}

function storedScale(scale: Float32Array): Pick<CodePlane, "scale" | "scaleDtype"> {
  const rounded = scale.map(roundToF16);
  const close = scale.every((s, i) => Math.abs(rounded[i]! - s) <= F16_RELATIVE_ERROR * Math.abs(s));
  return close ? { scale: rounded, scaleDtype: "F16" } : { scale, scaleDtype: "F32" };
}

function requireFinite(id: string, scale: Float32Array, groups: number): void {
  const bad = scale.findIndex((s) => !Number.isFinite(s));
  if (bad >= 0) {
    const row = Math.floor(bad / groups);
    throw new UsageError(
      `quantizer ${id}: scale of row ${row} is ${scale[bad]}; calibrate must give finite scales (are the weights finite?)`,
    );
  }
}
