/**
 * ReLU activation with an L1 penalty (Bricken et al. 2023): z = relu(pre-activations),
 *
 *     loss = l1(t) S_1,   S_p = mean over tokens of sum_j (z_j ||W_dec[j]||)^p,   l1 rising linearly over the warm-up to its
 *                                                                            share of the data's size (`deviation.ts`)
 *
 * and p-annealing (Karvonen et al. 2024, "Measuring progress in dictionary learning for language model interpretability with
 * board game models", section 4), which turns the penalty step by step into one on the number of latents:
 *
 *     loss = l1(t) c_t S_p,   p falling linearly from 1 to pEnd,   c_t = c_{t-1} S_{p(t-1)} / S_{p(t)}
 *
 * where the factor c keeps the strength of the penalty as p changes (the sums are those of the batch). p and c are the
 * parameters `l1.exponent` and `l1.factor`.
 */
import type { Tensor, TensorOps, Tensors } from "@qsae/core";
import type { Activation } from "./activation.ts";
import { preActivations } from "./dense.ts";
import { DEVIATION, initialDeviation, ofL1 } from "./deviation.ts";
import { l1, lpPower, weighted } from "./l1.ts";
import { requiredTensor } from "./required-tensor.ts";
import { warmth } from "./warmth.ts";

export interface ReluOptions {
  /** Absent: no penalty. */
  readonly penalty?: ReluPenalty;
}

interface ReluPenalty {
  readonly coefficient: number;
  /** Share of the run over which the coefficient rises. */
  readonly warmupFraction: number;
  readonly annealing?: PAnnealing;
}

export interface PAnnealing {
  /** The last exponent, over 0 and under 1. */
  readonly pEnd: number;
  /** Share of the run after which the exponent begins to fall; it falls to the end. */
  readonly startFraction: number;
}

const EXPONENT = "l1.exponent";
const FACTOR = "l1.factor";

export const relu = ({ penalty }: ReluOptions = {}): Activation => ({
  latents: "magnitudes",
  scaled: penalty ? [DEVIATION] : [],
  init: (ops, deviation) => ({
    ...(penalty ? initialDeviation(ops, deviation) : {}),
    ...(penalty?.annealing ? { [EXPONENT]: ops.fill([1], 1), [FACTOR]: ops.fill([1], 1) } : {}),
  }),
  apply: (ops, input) => {
    const { wDec, params, progress } = input;
    const scores = preActivations(ops, input); // [n, d_sae]
    const latents = ops.relu(scores);
    if (!penalty) return { latents, scores, losses: {} };
    const { coefficient, warmupFraction, annealing } = penalty;
    const size = weighted(ops, latents, wDec); // [n, d_sae]
    const p = annealing ? exponentAt(annealing, progress) : 1;
    const { value, statistics } = p === 1 ? { value: l1(ops, size), statistics: {} } : annealed(ops, size, p, params);
    return {
      latents,
      scores,
      losses: {
        l1: ops.sum(ops.mul(value, ofL1(ops, params, wDec.shape[1]!, coefficient * warmth(warmupFraction, progress)))),
      },
      statistics,
    };
  },
  ...(penalty?.annealing ? { afterStep: (ops, _params, { statistics }) => copies(ops, statistics) } : {}),
  lower: (params) => ({
    selection: { kind: "threshold", threshold: new Float32Array(requiredTensor(params, "b_enc").shape[0]!) },
  }),
});

const exponentAt = ({ pEnd, startFraction }: PAnnealing, progress: number): number =>
  1 - (1 - pEnd) * Math.max(0, (progress - startFraction) / (1 - startFraction));

function annealed(ops: TensorOps, size: Tensor, p: number, params: Tensors): { value: Tensor; statistics: Tensors } {
  const exponent = ops.tensor([p], [1]);
  const now = lpPower(ops, size, exponent);
  const before = lpPower(ops, ops.detach(size), params[EXPONENT]!);
  const change = ops.div(ops.add(before, 1e-12), ops.add(ops.detach(now), 1e-12));
  const factor = ops.mul(ops.detach(params[FACTOR]!), change); // [1]
  return { value: ops.sum(ops.mul(now, factor)), statistics: { [EXPONENT]: exponent, [FACTOR]: factor } };
}

/** Exponent and factor of this step, where it had any, as the next parameters: statistics do not outlive their step. */
const copies = (ops: TensorOps, statistics: Tensors): Tensors =>
  Object.fromEntries(
    [EXPONENT, FACTOR].flatMap((name) => (statistics[name] ? [[name, ops.mul(statistics[name], 1)] as const] : [])),
  );
