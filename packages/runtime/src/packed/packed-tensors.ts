/**
 * The tensors of a packed file and their names:
 *
 *     stages.{i}.encoder, .dictionary                    F32 [d_sae, d_in]          a float matrix, or
 *     stages.{i}.encoder.codes.{p}, .dictionary.codes.{p} U8 [d_sae, bytes per row] plane p of its codes, and
 *     stages.{i}.encoder.scale.{p}, ...                  F16 or F32 [d_sae | 1, groups]
 *     stages.{i}.encoder.part_of_row, ...                U8 [d_sae]                 a mixed matrix, 255 = in no part, and
 *     stages.{i}.encoder.parts.{q}, .parts.{q}.codes.{p}  as above, [rows of the part, ..]
 *     stages.{i}.b_enc [d_sae], .b_dec [d_in]            F32
 *     stages.{i}.threshold | .mag_scale, .mag_bias       F32 [d_sae]                where the selection has them
 *     rotation.signs                                     I8 [d_in]                  where there is a rotation
 *     skip                                               F32 [d_in, d_in]           where there is a skip connection
 */
import type { TensorToWrite } from "../safetensors/encode-safetensors.ts";
import { codeRangeProblem, levelCount, packedRowBytes } from "./bit-packing.ts";
import {
  NO_PART,
  type CodePlane,
  type MixedMatrix,
  type PackedMatrix,
  type PackedSae,
  type PackedStage,
  type Selection,
  type UniformMatrix,
} from "./schema.ts";
import type {
  MatrixStructure,
  MixedStructure,
  SaeStructure,
  SelectionStructure,
  StageStructure,
  UniformStructure,
} from "./structure-json.ts";
import type { TensorSource } from "./tensor-source.ts";

export function tensorsOfSae(sae: PackedSae): Record<string, TensorToWrite> {
  const { dIn, rotation, skip } = sae;
  const tensors: Record<string, TensorToWrite> = {};
  if (rotation) tensors["rotation.signs"] = { shape: [dIn], data: Int32Array.from(rotation.signs), dtype: "I8" };
  if (skip) tensors["skip"] = { shape: [dIn, dIn], data: skip };
  for (const [index, { dSae, selection, ...stage }] of sae.stages.entries()) {
    const prefix = `stages.${index}`;
    Object.assign(tensors, tensorsOfMatrix(stage.encoder, `${prefix}.encoder`));
    Object.assign(tensors, tensorsOfMatrix(stage.dictionary, `${prefix}.dictionary`));
    tensors[`${prefix}.b_enc`] = { shape: [dSae], data: stage.bEnc };
    tensors[`${prefix}.b_dec`] = { shape: [dIn], data: stage.bDec };
    if (selection.kind === "threshold") tensors[`${prefix}.threshold`] = { shape: [dSae], data: selection.threshold };
    if (selection.kind === "gate") {
      tensors[`${prefix}.mag_scale`] = { shape: [dSae], data: selection.magScale };
      tensors[`${prefix}.mag_bias`] = { shape: [dSae], data: selection.magBias };
    }
  }
  return tensors;
}

function tensorsOfMatrix(matrix: PackedMatrix, name: string): Record<string, TensorToWrite> {
  if (matrix.kind !== "mixed") return tensorsOfUniform(matrix, name);
  const tensors: Record<string, TensorToWrite> = {
    [`${name}.part_of_row`]: { shape: [matrix.rows], data: matrix.partOfRow },
  };
  for (const [index, part] of matrix.parts.entries()) {
    Object.assign(tensors, tensorsOfUniform(part, `${name}.parts.${index}`));
  }
  return tensors;
}

function tensorsOfUniform(matrix: UniformMatrix, name: string): Record<string, TensorToWrite> {
  if (matrix.kind === "float32") return { [name]: { shape: [matrix.rows, matrix.cols], data: matrix.values } };
  const rowBytes = packedRowBytes(matrix.cols, levelCount(matrix.codes));
  const tensors: Record<string, TensorToWrite> = {};
  for (const [plane, { packed, scale, scaleShape, scaleDtype }] of matrix.planes.entries()) {
    tensors[`${name}.codes.${plane}`] = { shape: [matrix.rows, rowBytes], data: packed };
    tensors[`${name}.scale.${plane}`] = { shape: scaleShape, data: scale, dtype: scaleDtype };
  }
  return tensors;
}

/** Joins a structure with its tensors; their types and shapes are checked, the rest is validate-sae.ts's. */
export function saeFromTensors(structure: SaeStructure, tensors: TensorSource): PackedSae {
  const { dIn, inputScale, hasRotation, hasSkip, stages, description } = structure;
  return {
    dIn,
    stages: stages.map((stage, index) => stageFromTensors(stage, `stages.${index}`, dIn, tensors)),
    ...(inputScale !== undefined && { inputScale }),
    ...(hasRotation && {
      rotation: { kind: "hadamard", signs: Int8Array.from(tensors.signs("rotation.signs", [dIn])) },
    }),
    ...(hasSkip && { skip: tensors.floats("skip", [dIn, dIn]) }),
    description,
  };
}

function stageFromTensors(structure: StageStructure, prefix: string, dIn: number, tensors: TensorSource): PackedStage {
  const { dSae, selection, encoder, dictionary, ...rest } = structure;
  return {
    ...rest,
    dSae,
    encoder: matrixFromTensors(encoder, `${prefix}.encoder`, [dSae, dIn], tensors),
    dictionary: matrixFromTensors(dictionary, `${prefix}.dictionary`, [dSae, dIn], tensors),
    bEnc: tensors.floats(`${prefix}.b_enc`, [dSae]),
    bDec: tensors.floats(`${prefix}.b_dec`, [dIn]),
    selection: selectionFromTensors(selection, prefix, dSae, tensors),
  };
}

function selectionFromTensors(
  structure: SelectionStructure,
  prefix: string,
  dSae: number,
  tensors: TensorSource,
): Selection {
  switch (structure.kind) {
    case "threshold":
      return { kind: "threshold", threshold: tensors.floats(`${prefix}.threshold`, [dSae]) };
    case "gate":
      return {
        kind: "gate",
        magScale: tensors.floats(`${prefix}.mag_scale`, [dSae]),
        magBias: tensors.floats(`${prefix}.mag_bias`, [dSae]),
      };
    case "sign":
    case "topk":
      return structure;
  }
}

function matrixFromTensors(
  structure: MatrixStructure,
  name: string,
  shape: readonly [number, number],
  tensors: TensorSource,
): PackedMatrix {
  return structure.kind === "mixed"
    ? mixedFromTensors(structure, name, shape, tensors)
    : uniformFromTensors(structure, name, shape, tensors);
}

function mixedFromTensors(
  { kind, parts }: MixedStructure,
  name: string,
  [rows, cols]: readonly [number, number],
  tensors: TensorSource,
): MixedMatrix {
  if (parts.length > NO_PART) return tensors.fail(`${name} has ${parts.length} parts; at most ${NO_PART} are allowed`);
  const partOfRow = tensors.bytes(`${name}.part_of_row`, [rows]); // [rows]
  const rowsOfPart = new Int32Array(NO_PART + 1);
  for (const part of partOfRow) rowsOfPart[part]! += 1;
  return {
    kind,
    rows,
    cols,
    partOfRow,
    parts: parts.map((part, index) =>
      uniformFromTensors(part, `${name}.parts.${index}`, [rowsOfPart[index]!, cols], tensors),
    ),
  };
}

function uniformFromTensors(
  structure: UniformStructure,
  name: string,
  [rows, cols]: readonly [number, number],
  tensors: TensorSource,
): UniformMatrix {
  if (structure.kind === "float32") return { ...structure, rows, cols, values: tensors.floats(name, [rows, cols]) };
  const problem = codeRangeProblem(structure.codes);
  if (problem !== undefined) return tensors.fail(`${name} has ${problem}`);
  const rowBytes = packedRowBytes(cols, levelCount(structure.codes));
  const planeCount = structure.rule.kind === "sum" ? structure.rule.planes : 1;
  const planes: CodePlane[] = [];
  // A hostile count ends at the first plane that the file does not have.
  for (let plane = 0; plane < planeCount; plane++) {
    const packed = tensors.bytes(`${name}.codes.${plane}`, [rows, rowBytes]);
    planes.push({ packed, ...tensors.scale(`${name}.scale.${plane}`) });
  }
  return { ...structure, rows, cols, planes };
}
