/**
 * The point whose distances to all others add up to the least, by Weiszfeld's iteration as Vardi & Zhang 2000 ("The
 * multivariate L1-median and associated data depth", eqs. 2.4-2.7) repaired it for iterates that hit a data point:
 *
 *     w_i = 1 / |x_i - y| for x_i != y,   T(y) = sum w_i x_i / sum w_i,   R(y) = sum w_i (x_i - y)
 *     y <- (1 - s) T(y) + s y,   s = min(1, (how many x_i are y) / |R(y)|)
 *
 * Outliers, which residual streams have, move it less than the mean (Bricken et al. 2023 start b_dec there).
 */

const MAX_ITERATIONS = 200;
/** Of the distance moved, relative to the mean distance from the data. */
const TOLERANCE = 1e-7;

/** The geometric median of x `[n, d_in]` row-major, n > 0: `[d_in]`. Computed in float64. */
export function geometricMedian(x: Float32Array, dIn: number): Float64Array {
  const n = x.length / dIn;
  let y = meanRow(x, dIn);
  for (let iteration = 0; iteration < MAX_ITERATIONS; iteration++) {
    const { next, moved, meanDistance } = improved(x, dIn, n, y);
    y = next;
    if (moved <= TOLERANCE * meanDistance) break;
  }
  // Towards a median that is a data point the iteration only creeps; on one it stays, so the nearest is tried.
  const nearest = nearestRow(x, n, y);
  return improved(x, dIn, n, nearest).moved === 0 ? nearest : y;
}

function improved(
  x: Float32Array,
  dIn: number,
  n: number,
  y: Float64Array,
): { next: Float64Array; moved: number; meanDistance: number } {
  const pull = new Float64Array(dIn); // R(y)
  let weights = 0;
  let distances = 0;
  let coincident = 0;
  for (let i = 0; i < n; i++) {
    const distance = distanceTo(x, i * dIn, y);
    if (distance === 0) {
      coincident++;
      continue;
    }
    const weight = 1 / distance;
    weights += weight;
    distances += distance;
    for (let j = 0; j < dIn; j++) pull[j]! += weight * (x[i * dIn + j]! - y[j]!);
  }
  const pullNorm = Math.sqrt(pull.reduce((sum, value) => sum + value * value, 0));
  if (pullNorm === 0) return { next: y, moved: 0, meanDistance: distances / n };
  const share = Math.max(0, 1 - coincident / pullNorm);
  // T(y) - y = R(y) / sum of the weights
  const next = y.map((value, j) => value + (share * pull[j]!) / weights);
  return { next, moved: (share * pullNorm) / weights, meanDistance: distances / n };
}

function distanceTo(x: Float32Array, start: number, y: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < y.length; j++) sum += (x[start + j]! - y[j]!) ** 2;
  return Math.sqrt(sum);
}

function nearestRow(x: Float32Array, n: number, y: Float64Array): Float64Array {
  let [best, least] = [0, Infinity];
  for (let i = 0; i < n; i++) {
    const distance = distanceTo(x, i * y.length, y);
    if (distance < least) [best, least] = [i, distance];
  }
  return Float64Array.from(x.subarray(best * y.length, (best + 1) * y.length));
}

function meanRow(x: Float32Array, dIn: number): Float64Array {
  const mean = new Float64Array(dIn);
  for (let i = 0; i < x.length; i++) mean[i % dIn]! += x[i]!;
  return mean.map((sum) => (sum * dIn) / x.length);
}
