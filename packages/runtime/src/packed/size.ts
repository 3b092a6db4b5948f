/**
 * What a packed SAE weighs: `8 * bytes of (codes + scales + tables + indices) / number of weights in the quantized matrices`.
 * Rows that a mixed matrix drops are weights too. Biases, thresholds and whatever else a file holds do not count here;
 * 8 * file bytes / weights is another figure and is reported apart.
 */
import { tensorBytes } from "../safetensors/encode-safetensors.ts";
import { planeRule } from "./dequantize.ts";
import { cutAfter, levelsOf } from "./levels.ts";
import { tensorsOfSae } from "./packed-tensors.ts";
import type { PackedMatrix, PackedSae } from "./schema.ts";

export interface BitsPerWeight {
  /** Over all quantized matrices. */
  readonly total: number;
  /** Over the encoders of all stages. */
  readonly encoder: number;
  /** Over the dictionaries of all stages. */
  readonly dictionary: number;
}

export interface LevelSize {
  /** Latents of the first m levels. */
  readonly latents: number;
  /** {@link bitsPerWeight}, in all, of their encoder rows and atoms. */
  readonly bitsPerWeight: number;
  /** Of all tensors that a packed file needs for them; of the last level, the whole file without its header. */
  readonly bytes: number;
}

const FLOAT_BITS = 32;

/**
 * Bits per quantized weight, in all and per side. Float matrices do not count, nor mixed ones without codes; where all are
 * such the answer is 32.
 */
export function bitsPerWeight(sae: PackedSae): BitsPerWeight {
  const encoders = sae.stages.map((stage) => stage.encoder);
  const dictionaries = sae.stages.map((stage) => stage.dictionary);
  return {
    total: bitsOf([...encoders, ...dictionaries]),
    encoder: bitsOf(encoders),
    dictionary: bitsOf(dictionaries),
  };
}

/**
 * What the first m levels weigh, m = 1..levels. They consist of the encoder rows, biases, thresholds and atoms of their
 * latents, scales that rows share counted whole, and of `b_dec`, rotation and skip connection. That is what decoding with
 * m levels needs, and what encoding needs where each latent fires by its own score (thresholds, switches, gates, later
 * stages); a top-k over a stage looks at the encoder rows of its later levels too, which are not counted.
 */
export function sizeByLevel(sae: PackedSae): readonly LevelSize[] {
  return levelsOf(sae).map((level) => {
    const cut = cutAfter(sae, level);
    const bytes = Object.values(tensorsOfSae(cut)).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);
    return { latents: level.end, bitsPerWeight: bitsPerWeight(cut).total, bytes };
  });
}

function bitsOf(matrices: readonly PackedMatrix[]): number {
  let bytes = 0;
  let weights = 0;
  for (const matrix of matrices) {
    if (!isQuantized(matrix)) continue;
    bytes += matrixBytes(matrix);
    weights += matrix.rows * matrix.cols;
  }
  return weights === 0 ? FLOAT_BITS : (8 * bytes) / weights;
}

function isQuantized(matrix: PackedMatrix): boolean {
  return matrix.kind === "mixed" ? matrix.parts.some(({ kind }) => kind === "codes") : matrix.kind === "codes";
}

function matrixBytes(matrix: PackedMatrix): number {
  if (matrix.kind === "float32") return 4 * matrix.values.length;
  if (matrix.kind === "mixed") return matrix.parts.reduce((sum, part) => sum + matrixBytes(part), matrix.rows);
  const rule = planeRule(matrix);
  let bytes = rule.kind === "table" ? 4 * rule.levels.length : 0;
  for (const { packed, scale, scaleDtype } of matrix.planes) {
    bytes += packed.length + scale.length * (scaleDtype === "F16" ? 2 : 4);
  }
  return bytes;
}
