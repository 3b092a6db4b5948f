/** A checkpoint to the training state it was made of, bit for bit. Checkpoints come from files: shapes are checked. */
import { UsageError, type HostTensor, type HostTensors } from "@qsae/runtime";
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
  const params = scaled || averaged ? unprefixed(PARAM, state) : checkpoint.sae.tensors;
  const names = Object.keys(params);
  if (names.length === 0) throw missing(`${PARAM}...`, variant);
  const stored = (name: string, shape: readonly number[]): HostTensor => {
    const tensor = state[name];
    if (!tensor) throw missing(name, variant);
    return requireShape(name, tensor, shape);
  };
  const sinceFired = stored(SINCE_FIRED, [variant.dSae]);
  return ops.tidy(() => {
    const restored = (name: string, shape: readonly number[]) => ops.fromHost(stored(name, shape));
    const slots = names.map((name): [string, AdamSlot] => {
      const param = params[name]!;
      return [
        name,
        {
          param: ops.fromHost(requireShape(name, param, param.shape)),
          m: restored(ADAM_M + name, param.shape),
          v: restored(ADAM_V + name, param.shape),
        },
      ];
    });
    const averages = (): Tensors =>
      Object.fromEntries(names.map((name) => [name, restored(AVERAGE + name, params[name]!.shape)]));
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

function missing(name: string, variant: Variant): UsageError {
  return new UsageError(
    `resume: the checkpoint has no tensor "${name}"; it was not saved by a training run of ${variant.id}`,
  );
}

function requireShape(name: string, tensor: HostTensor, shape: readonly number[]): HostTensor {
  if (!(tensor.data instanceof Float32Array) || tensor.shape.join() !== shape.join()) {
    throw new UsageError(
      `resume: "${name}" of the checkpoint has shape [${tensor.shape.join(", ")}]; expected float32 [${shape.join(", ")}]; it was not saved by this training run`,
    );
  }
  return tensor;
}

function unprefixed(prefix: string, tensors: HostTensors): HostTensors {
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  return Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
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
