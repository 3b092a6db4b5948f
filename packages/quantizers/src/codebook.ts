/**
 * Any levels times a scale: a weight becomes the nearest of a few given numbers (non-uniform scalar quantization; Max 1960,
 * "Quantizing for minimum distortion"). The levels are stored once per matrix, in its rule, and are what the quantizer is
 * named by: `codebook:-1,0,1`. Where they come from: `lloyd-max.ts` for Gaussian weights, `fit-codebook.ts` for given ones.
 */
import { UsageError } from "@qsae/runtime";
import { defineQuantizer, type Quantizer, type QuantizerOptions, type Tensor, type TensorOps } from "@qsae/core";
import { fitOption, type FittedScaleOptions } from "./scale-options.ts";
import { searchScale } from "./search-scale.ts";
import { shareScale } from "./share-scale.ts";

/** The outermost of unevenly spaced levels may lie beyond the largest weight. */
const SHARES = Array.from({ length: 26 }, (_, i) => (3 + i) / 20);

/**
 * Weights on the given levels, with a least-squares scale per atom, unless `fit` or `per` say otherwise.
 *
 * @param levels 2 to 256 finite numbers, ascending; at scale 1
 * @throws UsageError if levels are too few, too many, not finite, not ascending, or for an unknown fit or way to share scales
 * @example
 * const quantizer = codebook([-1.51, -0.4528, 0.4528, 1.51]);
 */
export function codebook(levels: readonly number[], options: FittedScaleOptions = {}): Quantizer {
  return tableQuantizer("codebook", { levels: levels.join(",") }, levels, options);
}

/** A codebook under another name. */
export function tableQuantizer(
  id: string,
  options: QuantizerOptions,
  levels: readonly number[],
  { per, fit = "least-squares" }: FittedScaleOptions,
): Quantizer {
  checkLevels(id, levels);
  const thresholds = levels.slice(1).map((level, i) => (level + levels[i]!) / 2);
  const encode = (ops: TensorOps, w: Tensor, scale: Tensor): Tensor => cellOf(ops, ops.div(w, scale), thresholds);
  const round = (ops: TensorOps, w: Tensor, scale: Tensor): Tensor => {
    const positions = ops.toInt32(ops.reshape(encode(ops, w, scale), [-1]));
    return ops.reshape(ops.gather(ops.tensor(levels, [levels.length]), positions), w.shape);
  };
  const largestLevel = Math.max(...levels.map(Math.abs));
  const perRow = defineQuantizer({
    id,
    options: { ...options, ...fitOption(id, fit) },
    codes: [0, levels.length - 1],
    dequantize: { kind: "table", levels },
    calibrate: (ops, w) => ({ scale: searchScale(ops, w, { largestLevel, round, shares: SHARES, fit }) }),
    encode: (ops, w, { scale }) => encode(ops, w, scale),
  });
  return shareScale(perRow, per);
}

/** How many thresholds each v `[n, m]` reaches, by halving what is left of them. */
function cellOf(ops: TensorOps, v: Tensor, thresholds: readonly number[]): Tensor {
  const halvings = Math.ceil(Math.log2(thresholds.length + 1));
  const padded = Float32Array.from({ length: 2 ** halvings - 1 }, (_, i) => thresholds[i] ?? Infinity);
  const table = ops.tensor(padded, [padded.length]);
  let cell = ops.zeros(v.shape);
  for (let step = 2 ** (halvings - 1); step >= 1; step /= 2) {
    const next = ops.toInt32(ops.reshape(ops.add(cell, step - 1), [-1]));
    const reached = ops.greaterEqual(v, ops.reshape(ops.gather(table, next), v.shape));
    cell = ops.add(cell, ops.mul(reached, step));
  }
  return cell;
}

function checkLevels(id: string, levels: readonly number[]): void {
  if (levels.length < 2 || levels.length > 256) {
    throw new UsageError(`quantizer ${id}: ${levels.length} levels are not allowed; give 2 to 256`);
  }
  const bad = levels.findIndex(
    (level, i) => !Number.isFinite(level) || (i > 0 && Math.fround(level) <= Math.fround(levels[i - 1]!)),
  );
  if (bad >= 0) {
    const before = bad > 0 ? ` after ${levels[bad - 1]}` : "";
    throw new UsageError(
      `quantizer ${id}: level ${bad} is ${levels[bad]}${before}; levels must be finite numbers that ascend, as float32 too`,
    );
  }
}
