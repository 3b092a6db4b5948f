/** Levels of a packed SAE: prefixes of all its latents, stage after stage, that give reconstructions of growing quality. */
import { levelCount, packedRowBytes } from "./bit-packing.ts";
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

export interface Level {
  /** Stages that take part, the last one perhaps with a prefix of its latents. */
  readonly stages: number;
  /** Latents below this number take part. */
  readonly end: number;
}

/** Every nested prefix of every stage, in order; the last is the whole SAE. */
export function levelsOf({ stages }: PackedSae): readonly Level[] {
  const levels: Level[] = [];
  let start = 0;
  for (const [index, { dSae, prefixEnds = [dSae] }] of stages.entries()) {
    for (const end of prefixEnds) levels.push({ stages: index + 1, end: start + end });
    start += dSae;
  }
  return levels;
}

/**
 * The SAE cut after a level: the latents that take part, with their encoder rows and atoms. Arrays are shared. It says what
 * a level holds; it need not encode like the whole, whose top-k chooses among later latents too.
 */
export function cutAfter(sae: PackedSae, { stages, end }: Level): PackedSae {
  const whole = sae.stages.slice(0, stages - 1);
  const before = whole.reduce((sum, { dSae }) => sum + dSae, 0);
  return { ...sae, stages: [...whole, firstLatents(sae.stages[stages - 1]!, end - before)] };
}

function firstLatents({ prefixEnds, ...stage }: PackedStage, count: number): PackedStage {
  return {
    ...stage,
    dSae: count,
    encoder: firstRows(stage.encoder, count),
    bEnc: stage.bEnc.subarray(0, count),
    selection: selectionOfFirst(stage.selection, count),
    dictionary: firstRows(stage.dictionary, count),
    ...(prefixEnds && { prefixEnds: prefixEnds.filter((end) => end <= count) }),
  };
}

function selectionOfFirst(selection: Selection, count: number): Selection {
  switch (selection.kind) {
    case "topk":
      return { ...selection, k: Math.min(selection.k, count) };
    case "sign":
      return selection.k === undefined ? selection : { kind: "sign", k: Math.min(selection.k, count) };
    case "threshold":
      return { kind: "threshold", threshold: selection.threshold.subarray(0, count) };
    case "gate": {
      const { magScale, magBias } = selection;
      return { kind: "gate", magScale: magScale.subarray(0, count), magBias: magBias.subarray(0, count) };
    }
  }
}

function firstRows(matrix: PackedMatrix, rows: number): PackedMatrix {
  return matrix.kind === "mixed" ? firstMixedRows(matrix, rows) : firstUniformRows(matrix, rows);
}

/** Parts that are left without rows go. */
function firstMixedRows(matrix: MixedMatrix, rows: number): MixedMatrix {
  const partOfRow = matrix.partOfRow.slice(0, rows);
  const rowsOfPart = matrix.parts.map(() => 0);
  for (const part of partOfRow) if (part !== NO_PART) rowsOfPart[part]! += 1;
  const kept = [...matrix.parts.keys()].filter((part) => rowsOfPart[part]! > 0);
  return {
    ...matrix,
    rows,
    partOfRow: partOfRow.map((part) => (part === NO_PART ? NO_PART : kept.indexOf(part))),
    parts: kept.map((part) => firstUniformRows(matrix.parts[part]!, rowsOfPart[part]!)),
  };
}

function firstUniformRows(matrix: UniformMatrix, rows: number): UniformMatrix {
  if (matrix.kind === "float32") return { ...matrix, rows, values: matrix.values.subarray(0, rows * matrix.cols) };
  const bytes = rows * packedRowBytes(matrix.cols, levelCount(matrix.codes));
  const planes = matrix.planes.map((plane): CodePlane => {
    const [scaleRows, groups] = plane.scaleShape;
    const kept = scaleRows === 1 ? 1 : rows; // one scale for all rows serves any number of them
    return {
      ...plane,
      packed: plane.packed.subarray(0, bytes),
      scale: plane.scale.subarray(0, kept * groups),
      scaleShape: [kept, groups],
    };
  });
  return { ...matrix, rows, planes };
}
