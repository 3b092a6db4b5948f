/** One optimiser step: forward, gradients, corrections, Adam, constraints, dead-latent bookkeeping. */
import type { Batch } from "../contracts/data-source.ts";
import type { StepEvent } from "../contracts/reporter.ts";
import type { AdamSlot, Tensor, TensorOps, Tensors } from "../contracts/tensor-ops.ts";
import type { ForwardPass, StepContext, Variant } from "../contracts/variant.ts";
import { stateOf, type TrainingState } from "./training-state.ts";

export interface StepSettings {
  readonly lr: number;
  /** 0 at the first step, towards 1 at the last. */
  readonly progress: number;
  readonly deadAfterTokens: number;
}

export interface StepOutcome {
  /** The next state; the one given is consumed. */
  readonly state: TrainingState;
  readonly measured: Pick<StepEvent, "loss" | "losses" | "l0" | "dead" | "batchFvu">;
}

export async function trainingStep(
  ops: TensorOps,
  variant: Variant,
  state: TrainingState,
  batch: Batch,
  { lr, progress, deadAfterTokens }: StepSettings,
): Promise<StepOutcome> {
  const before = Object.fromEntries(Object.entries(state.slots).map(([name, { param }]) => [name, param]));
  const { slots, sinceFired, numbers, lossNames } = ops.tidy(() => {
    const x = ops.tensor(batch.x.subarray(0, batch.n * variant.dIn), [batch.n, variant.dIn]); // [n, d_in]
    const dead = state.dead > 0 ? { dead: ops.greaterEqual(state.sinceFired, deadAfterTokens) } : {};
    const { grads, aux } = ops.valueAndGrads(before, (params) => {
      const pass = variant.forward(ops, params, { x, progress, ...dead });
      return {
        loss: total(ops, pass.losses),
        aux: {
          ...prefixed(LOSS, pass.losses),
          ...prefixed(STATISTIC, pass.statistics ?? {}),
          ...measure(ops, pass, x),
          fired: pass.fired,
        },
      };
    });
    const context = { step: state.step + 1, progress, statistics: unprefixed(STATISTIC, aux), gradients: grads };
    const corrected = variant.afterBackward?.(ops, before, grads, context) ?? grads;
    const stepped = Object.fromEntries(
      Object.entries(state.slots).map(([name, slot]) => [
        name,
        ops.adamStep(slot, corrected[name]!, { lr, step: state.step + 1 }),
      ]),
    );
    const constrained = constrain(ops, variant, stepped, context);
    const nextSinceFired = ops.where(
      ops.greater(aux.fired, 0),
      ops.zeros([variant.dSae]),
      ops.add(state.sinceFired, batch.n),
    );
    const losses = Object.entries(unprefixed(LOSS, aux));
    const scalars = [
      ops.div(aux.squaredError, aux.variance),
      ops.div(ops.sum(aux.fired), batch.n),
      ops.sum(ops.greaterEqual(nextSinceFired, deadAfterTokens)),
      ...losses.map(([, loss]) => loss),
    ];
    return {
      slots: constrained,
      sinceFired: nextSinceFired,
      numbers: ops.concat(
        scalars.map((scalar) => ops.reshape(scalar, [1])),
        0,
      ),
      lossNames: losses.map(([name]) => name),
    };
  });
  ops.dispose(state.sinceFired);
  const { data } = await ops.read(numbers); // one readback per step
  ops.dispose(numbers);
  const [batchFvu, l0, dead, ...lossValues] = data as Float32Array;
  const losses = Object.fromEntries(lossNames.map((name, i) => [name, lossValues[i]!]));
  return {
    state: stateOf(ops, { step: state.step + 1, slots, sinceFired, dead: dead! }),
    measured: { loss: lossValues.reduce((a, b) => a + b, 0), losses, l0: l0!, dead: dead!, batchFvu: batchFvu! },
  };
}

const LOSS = "loss:";
const STATISTIC = "statistic:";

function prefixed(prefix: string, tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, value]) => [prefix + name, value]));
}

function unprefixed(prefix: string, tensors: Tensors): Tensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
}

function total(ops: TensorOps, losses: Tensors): Tensor {
  return Object.values(losses).reduce((sum, loss) => ops.add(sum, loss));
}

/** Numerator and denominator of this batch's FVU. */
function measure(
  ops: TensorOps,
  { reconstructions }: ForwardPass,
  x: Tensor,
): { squaredError: Tensor; variance: Tensor } {
  const reconstruction = reconstructions[reconstructions.length - 1]!;
  return {
    squaredError: ops.sum(ops.square(ops.sub(x, reconstruction))),
    variance: ops.sum(ops.square(ops.sub(x, ops.mean(x, 0, true)))),
  };
}

/** Parameters a constraint replaced are disposed: a backend that updates in place gave them a life beyond this step. */
function constrain(
  ops: TensorOps,
  variant: Variant,
  slots: Readonly<Record<string, AdamSlot>>,
  context: StepContext,
): Record<string, AdamSlot> {
  const params = Object.fromEntries(Object.entries(slots).map(([name, { param }]) => [name, param]));
  const constrained = variant.afterStep?.(ops, params, context).params ?? params;
  return Object.fromEntries(
    Object.entries(slots).map(([name, slot]) => {
      const param = constrained[name]!;
      if (param !== slot.param) ops.dispose(slot.param);
      return [name, { ...slot, param }];
    }),
  );
}
