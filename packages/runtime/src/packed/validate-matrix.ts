/** Every fact about a packed matrix that the interpreter relies on, checked before the matrix is dequantized. */
import { roundToF16 } from "../safetensors/half-precision.ts";
import type { Fail } from "../strict-json.ts";
import { checkPackedLength, codeRangeProblem, InvalidCodesError, levelCount, unpackRow } from "./bit-packing.ts";
import { checkFinite, checkFloats, checkInteger } from "./check-values.ts";
import { levelTable, planeRule } from "./dequantize.ts";
import type { PlaneRule } from "./dequantize-rule.ts";
import { NO_PART, type CodeMatrix, type CodePlane, type MixedMatrix, type PackedMatrix } from "./schema.ts";

/** 4 GiB of float32: packed codes of a small file, or rows that no part of it holds, must not expand without bound. */
const MAX_WEIGHTS = 2 ** 30;
/** Each plane adds at least a bit per weight; nothing sensible comes near. */
const MAX_PLANES = 16;

/** @param shape what the rest of the SAE wants it to be */
export function validateMatrix(matrix: PackedMatrix, [rows, cols]: readonly [number, number], fail: Fail): void {
  if (matrix.rows !== rows || matrix.cols !== cols) {
    fail(`shape is [${matrix.rows}, ${matrix.cols}]; expected [${rows}, ${cols}] ([d_sae, d_in])`);
  }
  if (rows * cols > MAX_WEIGHTS) fail(`${rows * cols} weights; at most ${MAX_WEIGHTS} are allowed`);
  switch (matrix.kind) {
    case "float32":
      return checkFloats(matrix.values, rows * cols, "values", fail);
    case "codes":
      return validateCodeMatrix(matrix, fail);
    case "mixed":
      return validateMixedMatrix(matrix, fail);
  }
}

function validateMixedMatrix({ rows, cols, partOfRow, parts }: MixedMatrix, fail: Fail): void {
  if (parts.length > NO_PART) fail(`${parts.length} parts; at most ${NO_PART} are allowed`);
  if (partOfRow.length !== rows) fail(`part_of_row has ${partOfRow.length} elements; expected ${rows}`);
  const rowsOfPart = parts.map(() => 0);
  for (const [row, part] of partOfRow.entries()) {
    if (part === NO_PART) continue;
    if (part >= parts.length)
      fail(`row ${row} is in part ${part}; there are ${parts.length} parts, ${NO_PART} is none`);
    rowsOfPart[part]! += 1;
  }
  for (const [index, part] of parts.entries()) {
    const failPart: Fail = (problem) => fail(`part ${index}: ${problem}`);
    // The types say it, but a part from JavaScript may be anything, itself included.
    if ((part as PackedMatrix).kind === "mixed") failPart("is mixed itself");
    if (rowsOfPart[index] === 0) failPart("has no rows; leave it out");
    validateMatrix(part, [rowsOfPart[index]!, cols], failPart);
  }
}

function validateCodeMatrix(matrix: CodeMatrix, fail: Fail): void {
  const { codes: range, rule, planes } = matrix;
  const rangeProblem = codeRangeProblem(range);
  if (rangeProblem !== undefined) fail(rangeProblem);
  const expectedPlanes = rule.kind === "sum" ? rule.planes : 1;
  checkInteger(expectedPlanes, [1, MAX_PLANES], "planes of the rule", fail);
  if (planes.length !== expectedPlanes) fail(`${planes.length} code planes; the rule says ${expectedPlanes}`);
  validateRule(planeRule(matrix), levelCount(range), (problem) => fail(`rule: ${problem}`));
  for (const [index, plane] of planes.entries()) {
    validatePlane(plane, matrix, (problem) => fail(`plane ${index}: ${problem}`));
  }
  validateQuantizer(matrix.quantizer, fail);
  const largest = largestWeight(matrix);
  if (!Number.isFinite(Math.fround(largest))) fail(`scale times level reaches ${largest}, more than a float32 holds`);
}

function validateRule(rule: PlaneRule, levels: number, fail: Fail): void {
  if (rule.kind === "affine") return checkFinite(Math.fround(rule.offset ?? 0), "offset", fail);
  checkFloats(Float32Array.from(rule.levels), levels, "levels", fail);
}

function validatePlane({ packed, scale, scaleShape, scaleDtype }: CodePlane, matrix: CodeMatrix, fail: Fail): void {
  const { rows, cols, codes: range } = matrix;
  const [scaleRows, groups] = scaleShape;
  if (scaleRows !== rows && scaleRows !== 1) fail(`scale has ${scaleRows} rows; expected ${rows} or 1`);
  if (!Number.isInteger(groups) || groups < 1 || cols % groups !== 0) {
    fail(`scale has ${groups} groups; expected a divisor of ${cols}`);
  }
  checkFloats(scale, scaleRows * groups, "scale", fail);
  if (scaleDtype === "F16") {
    const bad = scale.findIndex((value) => roundToF16(value) !== value);
    if (bad >= 0) fail(`scale ${scale[bad]} at ${bad} is stored as F16 but is no float16; round it first (roundToF16)`);
  }
  try {
    checkPackedLength(packed, rows, cols, range);
    const digits = new Uint8Array(cols);
    for (let row = 0; row < rows; row++) unpackRow(packed, row, cols, range, digits);
  } catch (error) {
    if (error instanceof InvalidCodesError) fail(error.message);
    throw error;
  }
}

function validateQuantizer({ id, options }: CodeMatrix["quantizer"], fail: Fail): void {
  if (id === "") fail("quantizer has no id");
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "number" && !Number.isFinite(value)) fail(`quantizer option "${name}" is ${value}`);
  }
}

/** A bound on the magnitude of a weight, so that finite scales and levels cannot make an infinite one. */
function largestWeight(matrix: CodeMatrix): number {
  const magnitude = (values: Float32Array) => values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const level = magnitude(levelTable(planeRule(matrix), matrix.codes));
  return matrix.planes.reduce((sum, { scale }) => sum + level * magnitude(scale), 0);
}
