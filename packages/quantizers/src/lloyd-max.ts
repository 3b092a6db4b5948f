/**
 * Lloyd-Max quantization (Lloyd 1982, "Least squares quantization in PCM", method I; Max 1960): levels are the means of the
 * weights nearest to them, thresholds the middles between levels, each improving the other until nothing moves.
 */
import { UsageError } from "@qsae/runtime";

/** What lies below a threshold, of a distribution on the line: its mass and its first moment. */
export type Below = (threshold: number) => { readonly mass: number; readonly moment: number };

const MAX_ROUNDS = 5000;
/** In units of the distribution, which has a deviation of about one. */
const STANDSTILL = 1e-8;

/** Improves ascending levels until they stand still. A level that no weight is nearest to stays where it is. */
export function lloydMax(start: readonly number[], below: Below): number[] {
  const levels = [...start];
  for (let round = 0; round < MAX_ROUNDS; round++) {
    let moved = 0;
    let lower = below(-Infinity);
    for (const [i, level] of levels.entries()) {
      const upper = below(i + 1 < levels.length ? (level + levels[i + 1]!) / 2 : Infinity);
      const mass = upper.mass - lower.mass;
      if (mass > 0) {
        levels[i] = (upper.moment - lower.moment) / mass;
        moved = Math.max(moved, Math.abs(levels[i] - level));
      }
      lower = upper;
    }
    if (moved < STANDSTILL) break;
  }
  return levels;
}

const RANGE = 8;
const CELLS = 2 ** 15;
const WIDTH = (2 * RANGE) / CELLS;

let gaussian: Float64Array | undefined;

/** Mass of N(0, 1) below the left edge of each cell, and below the right edge of the last, by Simpson's rule: `[CELLS + 1]` */
function gaussianMass(): Float64Array {
  if (gaussian) return gaussian;
  const mass = new Float64Array(CELLS + 1);
  for (let i = 0; i < CELLS; i++) {
    const left = -RANGE + i * WIDTH;
    mass[i + 1] = mass[i]! + (WIDTH / 6) * (density(left) + 4 * density(left + WIDTH / 2) + density(left + WIDTH));
  }
  return (gaussian = mass);
}

const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** {@link Below} of N(0, 1). Its first moment below t is minus the density at t. */
export const belowGaussian: Below = (threshold) => {
  const mass = gaussianMass();
  const at = Math.min(Math.max((threshold + RANGE) / WIDTH, 0), CELLS);
  const cell = Math.min(Math.floor(at), CELLS - 1);
  const share = at - cell;
  const linear = mass[cell]! + share * (mass[cell + 1]! - mass[cell]!);
  // A density that is linear within the cell bends the mass by this much.
  const left = -RANGE + cell * WIDTH;
  const bend = ((density(left + WIDTH) - density(left)) * WIDTH * (share * share - share)) / 2;
  return { mass: linear + bend, moment: -density(threshold) };
};

const made = new Map<number, readonly number[]>();

/**
 * The levels that quantize N(0, 1) with the least squared error: ascending, symmetric, to seven digits. For 2 levels
 * -0.7978846 and 0.7978846, for 4 those of Max 1960, table 1.
 *
 * @throws UsageError unless count is an integer in 2..256
 * @example
 * const quantizer = codebook(lloydMaxLevels(6));
 */
export function lloydMaxLevels(count: number): readonly number[] {
  if (!Number.isInteger(count) || count < 2 || count > 256) {
    throw new UsageError(`lloydMaxLevels: count=${count} is not allowed; use an integer in 2..256`);
  }
  const known = made.get(count);
  if (known) return known;
  // Many levels lie as densely as the cube root of the density (Panter & Dite 1951): as quantiles of N(0, 3).
  const start = Array.from({ length: count }, (_, i) => Math.sqrt(3) * gaussianQuantile((i + 0.5) / count));
  const levels = lloydMax(start, belowGaussian);
  const symmetric = levels.map((level, i) => sevenDigits((level - levels[count - 1 - i]!) / 2));
  made.set(count, symmetric);
  return symmetric;
}

/** By halving. */
function gaussianQuantile(share: number): number {
  let [low, high] = [-RANGE, RANGE];
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (belowGaussian(middle).mass < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** What a float32 holds, written as short as that allows. */
export const sevenDigits = (value: number): number => Number(value.toPrecision(7));
