/** A checkpoint to the training state it was made of, bit for bit. Checkpoints come from files: shapes are checked. */
import { UsageError, type HostTensor } from "@qsae/runtime";
import type { TrainingCheckpoint } from "../../contracts/sae-checkpoint.ts";
import type { AdamSlot, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { Variant } from "../../contracts/variant.ts";
import { parseTrainingConfig, type TrainingConfig, type TrainingInput } from "../training-config.ts";
import { ADAM_M, ADAM_V, AVERAGE, INPUT_SCALE, PARAM, SINCE_FIRED } from "./state-names.ts";
import type { TrainingState } from "./training-state.ts";

/** @throws UsageError if the checkpoint is of another variant or configuration, or lacks part of the state, naming it */
export function restoreState(
  ops: TensorOps,
  checkpoint: TrainingCheckpoint,
  variant: Variant,
  training: TrainingConfig,
): TrainingState {
  requireSame("variant", checkpoint.sae.spec.variant, variant.id);
  requireSameRecord(checkpoint.sae.spec.config, variant.config);
  // A key that came with a later release has its default.
  requireSameRecord(parseTrainingConfig(checkpoint.training as TrainingInput), training);
  const { state, step } = checkpoint;
  const scaled = training.normalize_input !== "none";
  const averaged = training.ema_decay !== undefined;
  const stored = (name: string, shape: readonly number[]): HostTensor => {
    const tensor = state[name];
    if (!tensor) {
      throw new UsageError(
        `resume: the checkpoint has no tensor "${name}"; it was not saved by a training run of ${variant.id}`,
      );
    }
    return requireShape(name, tensor, shape);
  };
  const { tensors } = checkpoint.sae;
  const names = Object.keys(tensors);
  const paramOf = (name: string): HostTensor => {
    const { shape } = tensors[name]!;
    return scaled || averaged ? stored(PARAM + name, shape) : requireShape(name, tensors[name]!, shape);
  };
  const sinceFired = stored(SINCE_FIRED, [variant.dSae]);
  return ops.tidy(() => {
    const restored = (name: string, shape: readonly number[]) => ops.fromHost(stored(name, shape));
    const slots = names.map((name): [string, AdamSlot] => {
      const { shape } = tensors[name]!;
      const [m, v] = [restored(ADAM_M + name, shape), restored(ADAM_V + name, shape)];
      return [name, { param: ops.fromHost(paramOf(name)), m, v }];
    });
    const averages = (): Tensors =>
      Object.fromEntries(names.map((name) => [name, restored(AVERAGE + name, tensors[name]!.shape)]));
    return {
      step,
      slots: Object.fromEntries(slots),
      sinceFired: ops.fromHost(sinceFired),
      dead: (sinceFired.data as Float32Array).reduce((n, t) => n + (t >= training.dead_after_tokens ? 1 : 0), 0),
      ...(averaged ? { averages: averages() } : {}),
      ...(scaled ? { inputScale: stored(INPUT_SCALE, [1]).data[0]! } : {}),
    };
  });
}

function requireShape(name: string, tensor: HostTensor, shape: readonly number[]): HostTensor {
  if (!(tensor.data instanceof Float32Array) || tensor.shape.join() !== shape.join()) {
    throw new UsageError(
      `resume: "${name}" of the checkpoint has shape [${tensor.shape.join(", ")}]; expected float32 [${shape.join(", ")}]; it was not saved by this training run`,
    );
  }
  return tensor;
}

function requireSameRecord(saved: Readonly<Record<string, unknown>>, now: Readonly<Record<string, unknown>>): void {
  for (const key of new Set([...Object.keys(saved), ...Object.keys(now)])) {
    requireSame(key, JSON.stringify(saved[key]), JSON.stringify(now[key]));
  }
}

function requireSame(key: string, saved: string | undefined, now: string | undefined): void {
  if (saved !== now) {
    throw new UsageError(
      `resume: ${key} is ${now} now but ${saved} in the checkpoint; resume with the same configuration or start a new run`,
    );
  }
}
