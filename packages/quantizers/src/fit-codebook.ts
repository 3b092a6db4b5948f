/** Levels for given weights: Lloyd-Max on the weights of all rows, each row divided by its root mean square. */
import { NonFiniteError, UsageError, type HostTensor } from "@qsae/runtime";
import { seededRandom } from "@qsae/core";
import { belowGaussian, lloydMax, lloydMaxLevels, sevenDigits, type Below } from "./lloyd-max.ts";

/** More weights change the levels by less than a thousandth. */
const SAMPLE = 2 ** 18;

export interface FitCodebookOptions {
  /** Of the draw of weights, where there are more than 2^18. Default 0. */
  readonly seed?: number;
}

/**
 * Levels for {@link codebook}, ascending, to seven digits. They are for scales near the root mean square of a row; the quantizer
 * fits these anew.
 *
 * @param w `[d_sae, d_in]`
 * @throws UsageError unless count is an integer in 2..256 and the weights, rows of zeros aside, have as many different values
 * @throws NonFiniteError naming the row of a weight that is not finite
 * @example
 * const quantizer = codebook(fitCodebook(wDec, 16)); // 4 bits
 */
export function fitCodebook(w: HostTensor, count: number, { seed = 0 }: FitCodebookOptions = {}): readonly number[] {
  const gaussian = lloydMaxLevels(count);
  const sample = normalisedSample(w, seed).sort();
  // The levels for Gaussian weights, carried over by their quantiles.
  const start = gaussian.map((level) => sample[Math.floor(belowGaussian(level).mass * sample.length)]);
  const distinct = [...new Set(start)].filter((level) => level !== undefined);
  if (distinct.length < count) {
    throw new UsageError(
      `fitCodebook: the weights have too few different values for ${count} levels (${distinct.length} of them differ); lower count`,
    );
  }
  return lloydMax(distinct, belowSample(sample)).map(sevenDigits);
}

/** Weights of rows that are not zero, in units of their row's root mean square, in random order. */
function normalisedSample({ shape, data }: HostTensor, seed: number): Float64Array {
  const [rows, cols] = shape as [number, number];
  const inverse = Float64Array.from({ length: rows }, (_, row) => {
    let energy = 0;
    for (let at = row * cols; at < (row + 1) * cols; at++) energy += data[at]! ** 2;
    if (!Number.isFinite(energy)) {
      throw new NonFiniteError(`fitCodebook: row ${row} has weights that are not finite, or too large`);
    }
    return energy > 0 ? 1 / Math.sqrt(energy / cols) : 0;
  });
  const used = [...inverse.keys()].filter((row) => inverse[row]! > 0);
  const weightAt = (at: number): number => {
    const row = used[Math.floor(at / cols)]!;
    return data[row * cols + (at % cols)]! * inverse[row]!;
  };
  const total = used.length * cols;
  if (total <= SAMPLE) return Float64Array.from({ length: total }, (_, at) => weightAt(at));
  const random = seededRandom(seed);
  return Float64Array.from({ length: SAMPLE }, () => weightAt(Math.floor(random() * total)));
}

/** Of equally probable points, ascending. */
function belowSample(points: Float64Array): Below {
  const moments = new Float64Array(points.length + 1);
  points.forEach((point, i) => (moments[i + 1] = moments[i]! + point));
  return (threshold) => {
    let [low, high] = [0, points.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (points[middle]! < threshold) low = middle + 1;
      else high = middle;
    }
    return { mass: low, moment: moments[low]! };
  };
}
