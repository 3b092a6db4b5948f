/**
 * What quantizing did to the weights of every matrix of an SAE: errors `q - w` of the weights as they are stored against those of
 * the float SAE they come from; over all, per latent, per bit width, and the worst single weight.
 */
import { rowReader, UsageError, type PackedMatrix, type PackedSae } from "@qsae/runtime";
import { isSameShape, requireSameShape } from "./same-shape.ts";
import { storedRows } from "./stored-row.ts";
import { addErrors, noErrors, rowErrors, weightError, type ErrorSums, type WeightError } from "./weight-error.ts";

export interface MatrixErrors extends WeightError {
  /** Which matrix, for people: `encoder`, `dictionary of stage 2`. */
  readonly matrix: string;
  /** One entry per bit width that occurs, narrowest first: several only where rows have widths of their own. */
  readonly byBits: readonly BitsErrors[];
  /** `[rows]` `||q_j - w_j||^2`: row j is latent j of the stage. */
  readonly squaredErrors: Float64Array;
  readonly worst: WorstWeight;
}

/** Errors of the rows that are stored with so many bits per weight, scales not counted; 0: not stored at all. */
export interface BitsErrors extends WeightError {
  readonly bits: number;
  readonly rows: number;
}

/** The weight with the largest error, of equal ones the first. */
export interface WorstWeight {
  /** Latent of the stage. */
  readonly row: number;
  readonly column: number;
  readonly value: number;
  /** What it should be. */
  readonly reference: number;
  readonly bits: number;
  /** One per plane; absent for floats and weights that are not stored. */
  readonly codes?: readonly number[];
}

type Space = Pick<PackedSae, "inputScale" | "rotation">;
/** Whose weights are compared. */
export type ComparedWeights = Pick<PackedSae, "dIn" | "stages" | "inputScale" | "rotation">;

/** Whether {@link weightErrors} can compare the two: stages and shapes are the same, inputs scaled and rotated alike. */
export function haveComparableWeights(sae: ComparedWeights, reference: ComparedWeights): boolean {
  return isSameShape(sae, reference) && inSameSpace(sae, reference);
}

/**
 * Errors of encoder and dictionary, stage after stage.
 *
 * @throws UsageError if the two do not have the same stages, latents and dimensions, or scale or rotate their inputs
 *   differently, so that their weights are not of one space
 * @throws NonFiniteError naming matrix and row where a weight is NaN or infinite
 * @example
 * const [encoder, dictionary] = weightErrors(ternary, float);
 * dictionary.worst; // { row: 17, column: 3, value: 0.4, reference: 0.9, bits: 1.6, codes: [1] }
 */
export function weightErrors(sae: ComparedWeights, reference: ComparedWeights): readonly MatrixErrors[] {
  requireSameShape("weightErrors", sae, reference);
  requireSameSpace(sae, reference);
  return sae.stages.flatMap(({ encoder, dictionary }, s) => {
    const stage = sae.stages.length > 1 ? ` of stage ${s + 1}` : "";
    const original = reference.stages[s]!;
    return [
      matrixErrors(encoder, original.encoder, `encoder${stage}`),
      matrixErrors(dictionary, original.dictionary, `dictionary${stage}`),
    ];
  });
}

function requireSameSpace(a: Space, b: Space): void {
  if (inSameSpace(a, b)) return;
  throw new UsageError(
    "weightErrors: the SAE and its reference scale or rotate their inputs differently, so their weights are not of one " +
      "space; compare the atoms as they act with predictedFvuIncrease or cosinesBetween",
  );
}

function inSameSpace(a: Space, b: Space): boolean {
  return (a.inputScale ?? 1) === (b.inputScale ?? 1) && String(a.rotation?.signs) === String(b.rotation?.signs);
}

function matrixErrors(quantized: PackedMatrix, reference: PackedMatrix, matrix: string): MatrixErrors {
  const { rows, cols } = quantized;
  const [readRow, readReference, stored] = [rowReader(quantized), rowReader(reference), storedRows(quantized)];
  const [q, w] = [new Float32Array(cols), new Float32Array(cols)];
  const squaredErrors = new Float64Array(rows);
  const all = noErrors();
  const byBits = new Map<number, ErrorSums>();
  let worst = { row: 0, column: 0, error: -1 };
  for (let row = 0; row < rows; row++) {
    readRow(row, q);
    readReference(row, w);
    const errors = rowErrors(q, w, () => `weightErrors: row ${row} of the ${matrix}`);
    squaredErrors[row] = errors.squares;
    if (errors.maxAbs > worst.error) worst = { row, column: errors.worst, error: errors.maxAbs };
    const bits = stored.bits(row);
    const ofBits = byBits.get(bits) ?? noErrors();
    byBits.set(bits, ofBits);
    addErrors(all, errors);
    addErrors(ofBits, errors);
  }
  readRow(worst.row, q);
  readReference(worst.row, w);
  const codes = stored.codes(worst.row, worst.column);
  return {
    matrix,
    ...weightError(all),
    byBits: [...byBits]
      .sort(([a], [b]) => a - b)
      .map(([bits, sums]) => ({ bits, rows: sums.weights / cols, ...weightError(sums) })),
    squaredErrors,
    worst: {
      row: worst.row,
      column: worst.column,
      value: q[worst.column]!,
      reference: w[worst.column]!,
      bits: stored.bits(worst.row),
      ...(codes && { codes }),
    },
  };
}
