/**
 * What an update did to each parameter, as scalars that are read together with the step's other ones. With p and p' the
 * parameter before and after, g its gradient and c, c' the levels of its codes:
 *
 *     |p|^2,   |p' - p|^2,   #(g = 0),   #(c' != c),   #(sign c' != sign c)
 */
import { elementCount } from "@qsae/runtime";
import type { GradientRecord, StraightThroughMismatch } from "../../contracts/reporter.ts";
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { QuantizedWeights } from "../../contracts/variant.ts";
import { squaredNorms } from "../gradients/clip-norm.ts";

/** Parameters before an update, in storage of their own: the optimiser may change them in place. */
export interface BeforeUpdate {
  readonly params: Tensors;
  /** Of the parameters that have codes. */
  readonly levels: Tensors;
}

export function beforeUpdate(
  ops: TensorOps,
  params: Tensors,
  quantized: readonly QuantizedWeights[] = [],
): BeforeUpdate {
  const copies = Object.entries(params).map(([name, param]) => [name, ops.mul(param, 1)] as const);
  return { params: Object.fromEntries(copies), levels: levelsOf(ops, params, quantized) };
}

const levelsOf = (ops: TensorOps, params: Tensors, quantized: readonly QuantizedWeights[]): Tensors =>
  Object.fromEntries(quantized.map((weights) => [weights.param, ops.tidy(() => weights.levels(ops, params))]));

export interface Updated {
  readonly before: BeforeUpdate;
  readonly after: Tensors;
  /** As the variant corrected them, before clipping. */
  readonly grads: Tensors;
  readonly quantized?: readonly QuantizedWeights[] | undefined;
}

/** How many entries a parameter has, and how many codes, where it has those. */
export type Counts = Readonly<Record<string, { readonly entries: number; readonly codes?: number }>>;

const BEFORE = "before ";
const CHANGE = "change of ";
const ZEROS = "zeros of ";
const CHANGED_CODES = "changed codes of ";
const FLIPS = "flips of ";

export interface UpdateFigures {
  readonly scalars: Tensors;
  readonly counts: Counts;
}

export function updateFigures(ops: TensorOps, { before, after, grads, quantized = [] }: Updated): UpdateFigures {
  const scalars: Record<string, Tensor> = {};
  for (const [name, old] of Object.entries(before.params)) {
    const own = ops.tidy(() => ({
      ...squaredNorms(ops, { [BEFORE + name]: old, [CHANGE + name]: ops.sub(after[name]!, old) }),
      [ZEROS + name]: ops.sum(ops.equal(grads[name]!, ops.scalar(0))),
    }));
    Object.assign(scalars, own);
  }
  for (const weights of quantized) {
    const { param } = weights;
    const own = ops.tidy(() => {
      const [was, is] = [before.levels[param]!, weights.levels(ops, after)];
      return {
        [CHANGED_CODES + param]: different(ops, was, is),
        [FLIPS + param]: different(ops, ops.sign(was), ops.sign(is)),
      };
    });
    Object.assign(scalars, own);
  }
  const countsOf = (name: string): Counts[string] => {
    const levels = before.levels[name];
    const entries = elementCount(before.params[name]!.shape);
    return levels ? { entries, codes: elementCount(levels.shape) } : { entries };
  };
  return { scalars, counts: Object.fromEntries(Object.keys(before.params).map((name) => [name, countsOf(name)])) };
}

/** How many entries differ: a sum of the few ones is exact where the share of the many that do not would be rounded. */
const different = (ops: TensorOps, a: Tensor, b: Tensor): Tensor => ops.sum(ops.sub(1, ops.equal(a, b)));

/**
 * Figures that were read, as records by parameter.
 *
 * @param norms of the gradients, by parameter
 * @param mismatches by parameter, where they were measured
 */
export function gradientRecords(
  figures: Readonly<Record<string, number>>,
  counts: Counts,
  norms: Readonly<Record<string, number>>,
  mismatches: Readonly<Record<string, StraightThroughMismatch>> = {},
): Record<string, GradientRecord> {
  const recordOf = (name: string, { entries, codes }: Counts[string]): GradientRecord => {
    const updateRatio = Math.sqrt(figures[CHANGE + name]!) / Math.sqrt(figures[BEFORE + name]!);
    return {
      norm: norms[name]!,
      ...(Number.isFinite(updateRatio) ? { updateRatio } : {}),
      zeroShare: figures[ZEROS + name]! / entries,
      ...(codes === undefined
        ? {}
        : { changedCodes: figures[CHANGED_CODES + name]! / codes, signFlips: figures[FLIPS + name]! / codes }),
      ...(mismatches[name] ? { straightThrough: mismatches[name] } : {}),
    };
  };
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, recordOf(name, count)]));
}
