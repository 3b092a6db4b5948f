/** Forward and backward pass of one batch: gradients, losses, and sums that a step's figures are made of. */
import type { Batch } from "../../contracts/data-source.ts";
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { ForwardContext, ForwardPass, Variant } from "../../contracts/variant.ts";

/** Tensors of one batch, or of the batches of one step together. Belongs to whoever holds it. */
export interface Backward {
  readonly batches: number;
  readonly tokens: number;
  /** One per parameter. Of several batches: their sum, as with all that follows. */
  readonly grads: Tensors;
  readonly losses: Tensors;
  readonly statistics: Tensors;
  /** Tokens each latent fired on: `[d_sae]`. */
  readonly fired: Tensor;
  /** Scalars that are finite just when nothing they are made of is NaN or infinite. */
  readonly sums: { readonly x: Tensor; readonly latents: Tensor };
  /** `|target - xhat|^2` over the batch: scalar. */
  readonly squaredError: Tensor;
  /** `|target - mean target|^2` over the batch: scalar. */
  readonly scatter: Tensor;
  /** `[d_in]` */
  readonly meanTarget: Tensor;
  /** `target - xhat`, `[n, d_in]` of each batch, where it was asked for. */
  readonly residuals: readonly Tensor[];
}

/** What a batch's forward pass sees of the run. */
export interface PassOptions {
  /** 0 at the first step, 1 at the last. */
  readonly progress: number;
  /** `[d_sae]`: 1 for dead latents. Absent when there is none. */
  readonly dead?: Tensor;
  /** Multiplies activations and targets. */
  readonly inputScale?: number;
}

/** The batch on the device, with what else its forward pass sees. */
export function forwardContext(
  ops: TensorOps,
  { dIn }: Pick<Variant, "dIn">,
  { x, target, n }: Batch,
  { progress, dead, inputScale }: PassOptions,
): ForwardContext {
  const given = (values: Float32Array): Tensor => {
    const tensor = ops.tensor(values.subarray(0, n * dIn), [n, dIn]);
    return inputScale === undefined ? tensor : ops.mul(tensor, inputScale);
  };
  return {
    x: given(x), // [n, d_in]
    progress,
    ...(target ? { target: given(target) } : {}), // [n, d_in]
    ...(dead ? { dead } : {}),
  };
}

export interface BackwardOptions extends PassOptions {
  readonly keepResiduals: boolean;
}

export function backward(
  ops: TensorOps,
  variant: Variant,
  params: Tensors,
  batch: Batch,
  { keepResiduals, ...options }: BackwardOptions,
): Backward {
  return ops.tidy(() => {
    const context = forwardContext(ops, variant, batch, options);
    const { x, target } = context;
    const { grads, aux } = ops.valueAndGrads(params, (p) => {
      const pass = variant.forward(ops, p, context);
      return {
        loss: Object.values(pass.losses).reduce((sum, loss) => ops.add(sum, loss)),
        aux: {
          ...prefixed(LOSS, pass.losses),
          ...prefixed(STATISTIC, pass.statistics ?? {}),
          ...measured(ops, pass, target ?? x),
          fired: pass.fired,
          latents: ops.sum("values" in pass.latents ? pass.latents.values : pass.latents),
        },
      };
    });
    const { squaredError, scatter, meanTarget, residual, fired, latents } = aux;
    return {
      batches: 1,
      tokens: batch.n,
      grads,
      losses: unprefixed(LOSS, aux),
      statistics: unprefixed(STATISTIC, aux),
      fired,
      sums: { x: target ? ops.sum(x) : scatter, latents },
      squaredError,
      scatter,
      meanTarget,
      residuals: keepResiduals ? [residual] : [],
    };
  });
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

function measured(
  ops: TensorOps,
  { reconstructions }: ForwardPass,
  target: Tensor,
): Record<"residual" | "squaredError" | "meanTarget" | "scatter", Tensor> {
  const residual = ops.sub(target, reconstructions[reconstructions.length - 1]!); // [n, d_in]
  const meanTarget = ops.mean(target, 0); // [d_in]
  return {
    residual,
    squaredError: ops.sum(ops.square(residual)),
    meanTarget,
    scatter: ops.sum(ops.square(ops.sub(target, meanTarget))),
  };
}
