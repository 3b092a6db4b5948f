/** From gradients to the next parameters: corrections, clipping, Adam, constraints, and who has fired. */
import type { TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { Variant } from "../../contracts/variant.ts";
import { meanOver } from "../gradients/accumulate.ts";
import type { Backward } from "../gradients/backward.ts";
import { clippedByNorm, squaredNorms } from "../gradients/clip-norm.ts";
import { beforeUpdate, updateFigures, type Counts } from "../records/update-figures.ts";
import { parametersOf, type TrainingState } from "../state/training-state.ts";
import { changedSlots, type Slots } from "./changed-slots.ts";
import { packScalars, type PackedScalars } from "./read-scalars.ts";

export interface UpdateOptions {
  readonly lr: number;
  readonly progress: number;
  readonly deadAfterTokens: number;
  readonly clipGradNorm?: number;
  /** Whether {@link Update.recorded} is wanted. */
  readonly recorded: boolean;
}

/** Prefixes and names of a step's scalars. */
export const LOSS = "loss ";
/** `|g|^2`, as the optimiser is about to see g, before clipping. */
export const GRADIENT = "gradient of ";
/** What the update did, where it is recorded. */
export const FIGURE = "figure ";
export const SCALARS = ["activations", "latents", "squaredError", "scatter", "fired", "dead"] as const;

export interface Update {
  /** The next state, but for `dead`, which is among the scalars. */
  readonly state: Omit<TrainingState, "dead">;
  readonly scalars: PackedScalars;
  /** What the scalars of prefix {@link FIGURE} are shares of. */
  readonly recorded?: Counts;
}

/** Consumes the state; `pass` stays. */
export function optimiserUpdate(
  ops: TensorOps,
  variant: Variant,
  state: TrainingState,
  pass: Backward,
  { lr, progress, deadAfterTokens, clipGradNorm, recorded }: UpdateOptions,
): Update {
  const step = state.step + 1;
  const params = parametersOf(state.slots);
  const { slots, sinceFired, scalars, counts } = ops.tidy(() => {
    const gradients = meanOver(ops, pass.grads, pass.batches);
    const losses = meanOver(ops, pass.losses, pass.batches);
    const statistics = meanOver(ops, pass.statistics, pass.batches);
    const context = { step, progress, statistics, gradients };
    const corrected = variant.afterBackward?.(ops, params, gradients, context) ?? gradients;
    const squares = squaredNorms(ops, corrected);
    const clipped = clipGradNorm === undefined ? corrected : clippedByNorm(ops, corrected, squares, clipGradNorm);
    const before = recorded ? beforeUpdate(ops, params, variant.quantized) : undefined;
    const stepped: Slots = Object.fromEntries(
      Object.entries(state.slots).map(([name, slot]) => [name, ops.adamStep(slot, clipped[name]!, { lr, step })]),
    );
    const changed = variant.afterStep?.(ops, parametersOf(stepped), context);
    const next = changed ? changedSlots(ops, stepped, changed) : stepped;
    const after = parametersOf(next);
    const figures = before && updateFigures(ops, { before, after, grads: corrected, quantized: variant.quantized });
    const silent = ops.where(
      ops.greater(pass.fired, 0),
      ops.zeros([variant.dSae]),
      ops.add(state.sinceFired, pass.tokens),
    ); // [d_sae]
    const measured: Record<(typeof SCALARS)[number], Tensors[string]> = {
      activations: pass.sums.x,
      latents: pass.sums.latents,
      squaredError: pass.squaredError,
      scatter: pass.scatter,
      fired: ops.sum(pass.fired),
      dead: ops.sum(ops.greaterEqual(silent, deadAfterTokens)),
    };
    return {
      slots: next,
      sinceFired: silent,
      scalars: packScalars(ops, {
        ...measured,
        ...named(LOSS, losses),
        ...named(GRADIENT, squares),
        ...named(FIGURE, figures?.scalars ?? {}),
      }),
      counts: figures?.counts,
    };
  });
  ops.dispose(state.sinceFired);
  return { state: { ...state, step, slots, sinceFired }, scalars, ...(counts ? { recorded: counts } : {}) };
}

const named = (prefix: string, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
