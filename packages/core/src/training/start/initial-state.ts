/** Step 0 of a run: fresh parameters (warm-started ones replace those of the same name), zero moments. */
import { UsageError, type HostTensors } from "@qsae/runtime";
import type { DataSource } from "../../contracts/data-source.ts";
import type { AdamSlot, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { Variant } from "../../contracts/variant.ts";
import type { TrainingState } from "../state/training-state.ts";
import type { TrainingConfig } from "../training-config.ts";
import { startStatistics } from "./start-statistics.ts";

/** @throws UsageError if the variant lacks what the configuration asks of it, naming what is allowed */
export function requireSupport(variant: Variant, training: TrainingConfig): void {
  if (training.normalize_input !== "none" && !variant.foldInputScale) {
    throw new UsageError(
      `training: normalize_input=${training.normalize_input}, but a scale of its inputs cannot be folded into ${variant.id} (it has no foldInputScale); allowed: none`,
    );
  }
  if (training.resample_every !== undefined && !variant.resample) {
    throw new UsageError(
      `training: resample_every=${training.resample_every}, but ${variant.id} cannot start latents anew (it has no resample); leave resample_every out`,
    );
  }
}

export async function initialState(
  ops: TensorOps,
  variant: Variant,
  source: DataSource,
  training: TrainingConfig,
  warmStart: HostTensors | undefined,
): Promise<TrainingState> {
  const { center, deviation, inputScale } = await startStatistics(source, training);
  const scaled = training.normalize_input === "expected-norm";
  // Given parameters act on unscaled activations: 1 / scale, folded in, makes them act on scaled ones.
  const given = warmStart && scaled ? variant.foldInputScale!(warmStart, 1 / inputScale) : warmStart;
  return ops.tidy(() => {
    const params = variant.init(ops, {
      seed: training.seed,
      center: scaled ? center.map((value) => value * inputScale) : center,
      deviation: scaled ? deviation * inputScale : deviation,
      ...(given ? { warmStart: given } : {}),
    });
    return {
      step: 0,
      slots: withZeroMoments(ops, params),
      sinceFired: ops.zeros([variant.dSae]),
      dead: 0,
      ...(scaled ? { inputScale } : {}),
      ...(training.ema_decay === undefined ? {} : { averages: copies(ops, params) }),
    };
  });
}

function withZeroMoments(ops: TensorOps, params: Tensors): Record<string, AdamSlot> {
  return Object.fromEntries(
    Object.entries(params).map(([name, param]) => [
      name,
      { param, m: ops.zeros(param.shape), v: ops.zeros(param.shape) },
    ]),
  );
}

/** Storage of their own: the optimiser may change parameters in place. */
function copies(ops: TensorOps, params: Tensors): Tensors {
  return Object.fromEntries(Object.entries(params).map(([name, param]) => [name, ops.mul(param, 1)]));
}
