/**
 * Mixed precision: how many bits each atom gets. With importance `I_j = E[z_j^2] |d_j|^2` and rounding errors that are
 * uncorrelated between atoms, the error that quantization adds to the reconstruction is
 *
 *     sum over atoms of I_j D(b_j),   subject to   sum of bytes(b_j) <= budget
 *
 * For Gaussian sources and any real b the solution is reverse water-filling (Cover & Thomas 2006, "Elements of information
 * theory", section 10.3.3): every atom is left with the same error, and those below the water get no bits. With finitely
 * many widths it is greedy over the lower convex hull of the points (bytes(b), D(b)), always the step that removes most
 * error per byte (Shoham & Gersho 1988, "Efficient bit allocation for an arbitrary set of quantizers"). What the last steps
 * leave over goes to smaller steps that still fit.
 */
import { UsageError } from "@qsae/runtime";
import { gaussianWidths, rowBytes, widthBits, type Width } from "./widths.ts";

export interface AllocationOptions {
  /** Weights per atom. */
  readonly dIn: number;
  /** Bits per weight on average over all atoms, dead ones too: codes, float16 scales, tables and the row index count. */
  readonly budget: number;
  /**
   * Widths to choose from, and their distortion, which may have been measured. Default {@link gaussianWidths}. Without 0
   * bits among them only dead atoms are dropped.
   */
  readonly widths?: readonly Width[];
}

/** From one width of the hull to the next. */
interface Step {
  readonly bits: number;
  readonly bytes: number;
  /** Distortion removed per byte. */
  readonly gain: number;
}

/**
 * Bits per code of every atom `[d_sae]`: the most important get most, atoms of importance 0 (dead ones) get 0. Of atoms that
 * are equally important the first are served first.
 *
 * @param importance `E[z_j^2] |d_j|^2` of every atom `[d_sae]`, in any unit
 * @throws UsageError if importance is negative or not finite, if a width is unknown, given twice or has no distortion in
 *   0..1, or if the budget does not pay for the row index, tables and the narrowest width
 * @example
 * const bits = allocateBits(importance, { dIn: 256, budget: 2 }); // [d_sae]
 * const dictionary = await packMixed(ops, wDec, Array.from(bits, quantizerOfWidth));
 */
export function allocateBits(
  importance: Float64Array,
  { dIn, budget, widths = gaussianWidths() }: AllocationOptions,
): Float64Array {
  checkInputs(importance, dIn, budget, widths);
  const [narrowest, ...steps] = hullSteps(widths, dIn);
  const alive = aliveByImportance(importance);
  const overheadBytes = importance.length + widths.reduce((sum, { tableBytes = 0 }) => sum + tableBytes, 0);
  const weights = importance.length * dIn;
  const left = Math.floor((budget * weights) / 8) - overheadBytes - alive.length * narrowest!.bytes;
  if (left < 0) {
    const least = (8 * (overheadBytes + alive.length * narrowest!.bytes)) / weights;
    throw new UsageError(
      `allocateBits: a budget of ${budget} bits per weight is too small; row index, tables and ` +
        `${narrowest!.bits} bits for each of ${alive.length} live atoms take ${least.toPrecision(4)}`,
    );
  }
  const taken = takeSteps(
    Array.from(alive, (j) => importance[j]!),
    steps,
    left,
  );
  const bits = new Float64Array(importance.length); // [d_sae]
  for (const j of alive) bits[j] = narrowest!.bits;
  for (const [s, count] of taken.entries()) for (const j of alive.subarray(0, count)) bits[j] = steps[s]!.bits;
  return bits;
}

/**
 * How many atoms take each step: those of rank below `taken[s]`. All atoms have the same steps, so the better of two never
 * takes fewer, and counts say everything.
 *
 * @param importance descending
 */
function takeSteps(importance: readonly number[], steps: readonly Step[], bytes: number): readonly number[] {
  const taken = steps.map(() => 0);
  const closed = new Set<number>();
  let left = bytes;
  for (;;) {
    let best: number | undefined;
    let bestGain = -1;
    for (const [s, { gain }] of steps.entries()) {
      const ready = taken[s]! < (s === 0 ? importance.length : taken[s - 1]!);
      if (!ready || closed.has(s)) continue;
      const removed = importance[taken[s]!]! * gain;
      if (removed > bestGain) [best, bestGain] = [s, removed];
    }
    if (best === undefined) return taken;
    if (steps[best]!.bytes > left) {
      closed.add(best);
      continue;
    }
    left -= steps[best]!.bytes;
    taken[best]! += 1;
  }
}

/** The narrowest width, then the steps along the lower convex hull of (bytes, distortion): gains descend. */
function hullSteps(widths: readonly Width[], dIn: number): readonly Step[] {
  const points = widths
    .map(({ bits, distortion }) => ({ bits, distortion, bytes: rowBytes(bits, dIn) }))
    .sort((a, b) => a.bytes - b.bytes || a.distortion - b.distortion);
  let at = points[0]!;
  const steps: Step[] = [{ bits: at.bits, bytes: at.bytes, gain: 0 }];
  for (;;) {
    const next = points
      .filter(({ bytes, distortion }) => bytes > at.bytes && distortion < at.distortion)
      .map((point) => ({ ...point, gain: (at.distortion - point.distortion) / (point.bytes - at.bytes) }))
      .reduce<(Step & (typeof points)[0]) | undefined>(
        (best, point) => (best === undefined || point.gain > best.gain ? point : best),
        undefined,
      );
    if (next === undefined) return steps;
    steps.push({ bits: next.bits, bytes: next.bytes - at.bytes, gain: next.gain });
    at = next;
  }
}

/** Atoms that are not dead, the most important first. */
function aliveByImportance(importance: Float64Array): Int32Array {
  const alive = Int32Array.from(importance.keys()).filter((j) => importance[j]! > 0);
  return alive.sort((a, b) => importance[b]! - importance[a]! || a - b);
}

function checkInputs(importance: Float64Array, dIn: number, budget: number, widths: readonly Width[]): void {
  if (!Number.isInteger(dIn) || dIn < 1)
    throw new UsageError(`allocateBits: dIn=${dIn} must be an integer of at least 1`);
  if (!Number.isFinite(budget) || budget <= 0) {
    throw new UsageError(`allocateBits: budget=${budget} must be a finite number of bits per weight above 0`);
  }
  const bad = importance.findIndex((value) => !Number.isFinite(value) || value < 0);
  if (bad >= 0) {
    throw new UsageError(
      `allocateBits: the importance of atom ${bad} is ${importance[bad]}; it is a mean square, finite and at least 0`,
    );
  }
  if (widths.length === 0) throw new UsageError(`allocateBits: no widths; choose from ${widthBits.join(", ")} bits`);
  for (const [i, { bits, distortion, tableBytes = 0 }] of widths.entries()) {
    rowBytes(bits, dIn); // refuses unknown widths
    if (widths.findIndex((other) => other.bits === bits) !== i) {
      throw new UsageError(`allocateBits: width ${bits} is given twice`);
    }
    if (!(distortion >= 0 && distortion <= 1)) {
      throw new UsageError(`allocateBits: the distortion at ${bits} bits is ${distortion}; expected 0..1`);
    }
    if (!Number.isInteger(tableBytes) || tableBytes < 0) {
      throw new UsageError(
        `allocateBits: tableBytes at ${bits} bits is ${tableBytes}; expected an integer of at least 0`,
      );
    }
  }
}
