/**
 * How far straight-through gradients (Bengio, Leonard & Courville 2013) are from what they stand for. Some weights are moved, one
 * at a time, to where their code is one more and one less, and the loss of a few tokens of the step is computed with everything
 * else as it is:
 *
 *     difference = (L(c + 1) - L(c - 1)) / (q(c + 1) - q(c - 1)),   one-sided at the ends of the range,
 *
 * against the gradient of the same loss at the weights as they are. For a dictionary whose latents stand, L is quadratic in q, so
 * that a central difference is the gradient; what a code of the encoder does goes through the selection of latents.
 *
 * L is a float32 number and one weight changes little of it, so tokens are few, the named losses are added up in float64, and
 * what is left of rounding is bounded (`mismatch.ts`).
 */
import type { Batch } from "../../../contracts/data-source.ts";
import type { StraightThroughMismatch } from "../../../contracts/reporter.ts";
import type { Tensor, TensorOps, Tensors } from "../../../contracts/tensor-ops.ts";
import type { QuantizedWeights, Rounding, Variant } from "../../../contracts/variant.ts";
import { disposeBackward } from "../../gradients/accumulate.ts";
import { backward, type PassOptions } from "../../gradients/backward.ts";
import { lossesWith, type Moved } from "./losses-with.ts";
import { mismatchOf, type ComparedWeight } from "./mismatch.ts";
import { readCandidates, type Candidate } from "./candidates.ts";
import { sampleEntries } from "./sample-entries.ts";

const TOKENS = 16;
/** Compared, of each matrix. */
const WEIGHTS = 6;
/** Entries of a latent that are looked at for one that has a neighbour: masked weights have none. */
const TRIES = 8;
/** Of a loss, as a share of it: the last bit of a float32 number. */
const LOSS_ROUNDING = 2 ** -23;

export interface StraightThroughOptions extends PassOptions {
  readonly seed: number;
  /** 1 for the first step of the run. */
  readonly step: number;
}

/** By parameter, of those that the forward pass rounds and that have a latent which fires. */
export async function straightThroughMismatches(
  ops: TensorOps,
  variant: Variant,
  params: Tensors,
  batch: Batch,
  options: StraightThroughOptions,
): Promise<Readonly<Record<string, StraightThroughMismatch>>> {
  const rounded = (variant.quantized ?? []).filter(isRounded);
  if (rounded.length === 0) return {};
  const few = { ...batch, n: Math.min(TOKENS, batch.n) };
  const names = rounded.map(({ param }) => param);
  const { grads, fired } = gradientsOf(names, ops, variant, params, few, options);
  try {
    const firedOn = (await ops.read(fired)).data;
    const mismatches: Record<string, StraightThroughMismatch> = {};
    for (const [i, { param, latentAxis, rounding }] of rounded.entries()) {
      const entries = sampleEntries(firedOn, {
        shape: params[param]!.shape as [number, number],
        latentAxis,
        latents: WEIGHTS,
        entries: TRIES,
        seeds: [options.seed, options.step, i],
      });
      if (entries.length === 0) continue;
      const candidates = await readCandidates(ops, { params, param, rounding, gradient: grads[param]!, entries });
      const chosen = candidates.filter(({ steps }) => steps.length > 0).slice(0, WEIGHTS);
      if (chosen.length === 0) continue;
      const losses = (moved: readonly Moved[]) => lossesWith(ops, variant, params, few, { ...options, param, moved });
      mismatches[param] = mismatchOf(await compared(chosen, losses));
    }
    return mismatches;
  } finally {
    ops.dispose([fired, ...Object.values(grads)]);
  }
}

type Rounded = QuantizedWeights & { readonly rounding: Rounding };

const isRounded = (weights: QuantizedWeights): weights is Rounded => weights.rounding !== undefined;

/** Gradients of some parameters, as the variant corrects them, and the tokens each latent fires on: `[d_sae]`. */
function gradientsOf(
  names: readonly string[],
  ops: TensorOps,
  variant: Variant,
  params: Tensors,
  batch: Batch,
  { step, ...options }: StraightThroughOptions,
): { readonly grads: Tensors; readonly fired: Tensor } {
  const pass = backward(ops, variant, params, batch, { ...options, keepResiduals: false });
  try {
    return ops.tidy(() => {
      const { grads: gradients, statistics, fired } = pass;
      const context = { step, progress: options.progress, statistics, gradients };
      const corrected = variant.afterBackward?.(ops, params, gradients, context) ?? gradients;
      const copies = names.map((name) => [name, ops.mul(corrected[name]!, 1)] as const);
      return { grads: Object.fromEntries(copies), fired: ops.mul(fired, 1) };
    });
  } finally {
    disposeBackward(ops, pass);
  }
}

/** @param losses with each of some weights moved; of none, as it is */
async function compared(
  candidates: readonly Candidate[],
  losses: (moved: readonly Moved[]) => Promise<readonly number[]>,
): Promise<readonly ComparedWeight[]> {
  const moved = candidates.flatMap(({ row, column, steps }) => steps.map(({ to }) => ({ row, column, to })));
  const [now, ...after] = (await losses([undefined, ...moved])) as [number, ...number[]];
  return candidates.map(({ gradient, value, steps }) => {
    const [up, down = { loss: now, value }] = steps.map((step) => ({ loss: after.shift()!, value: step.value })) as [
      End,
      End?,
    ];
    const distance = up.value - down.value;
    return {
      gradient,
      difference: (up.loss - down.loss) / distance,
      uncertainty: (LOSS_ROUNDING * Math.abs(now)) / Math.abs(distance),
    };
  });
}

interface End {
  readonly loss: number;
  readonly value: number;
}
