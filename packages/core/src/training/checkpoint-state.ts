/** Training state to and from checkpoints. Everything is saved; nothing that matters lives elsewhere. */
import { NonFiniteError, UsageError, type HostTensor, type HostTensors } from "@qsae/runtime";
import type { AdamSlot, TensorOps } from "../contracts/tensor-ops.ts";
import type { TrainingCheckpoint } from "../contracts/sae-checkpoint.ts";
import type { Variant } from "../contracts/variant.ts";
import { stateOf, type TrainingState } from "./training-state.ts";
import type { TrainingConfig } from "./training-config.ts";

const M = "adam.m.";
const V = "adam.v.";
const SINCE_FIRED = "since_fired";

/** @throws NonFiniteError naming the parameter, so that a bad state never replaces a good checkpoint */
export async function snapshotState(
  ops: TensorOps,
  state: TrainingState,
  variant: Variant,
  training: TrainingConfig,
  provenance: Readonly<Record<string, string>>,
): Promise<TrainingCheckpoint> {
  const tensors: Record<string, HostTensor> = {};
  const moments: Record<string, HostTensor> = { [SINCE_FIRED]: await ops.read(state.sinceFired) };
  for (const [name, { param, m, v }] of Object.entries(state.slots)) {
    tensors[name] = requireFinite(name, state.step, await ops.read(param));
    moments[M + name] = await ops.read(m);
    moments[V + name] = await ops.read(v);
  }
  return {
    sae: { spec: { variant: variant.id, config: variant.config }, tensors, provenance },
    step: state.step,
    state: moments,
    training,
  };
}

/** @throws UsageError if the checkpoint is of another variant or configuration, naming the key */
export function restoreState(
  ops: TensorOps,
  checkpoint: TrainingCheckpoint,
  variant: Variant,
  training: TrainingConfig,
): TrainingState {
  requireSame("variant", checkpoint.sae.spec.variant, variant.id);
  requireSameRecord(checkpoint.sae.spec.config, variant.config);
  requireSameRecord(checkpoint.training, training);
  const host = (record: HostTensors, name: string): HostTensor => {
    const tensor = record[name];
    if (!tensor)
      throw new UsageError(
        `resume: the checkpoint has no tensor "${name}"; it was not saved by a training run of ${variant.id}`,
      );
    return tensor;
  };
  const slots: Record<string, AdamSlot> = {};
  for (const [name, param] of Object.entries(checkpoint.sae.tensors)) {
    slots[name] = {
      param: ops.fromHost(param),
      m: ops.fromHost(host(checkpoint.state, M + name)),
      v: ops.fromHost(host(checkpoint.state, V + name)),
    };
  }
  const sinceFired = host(checkpoint.state, SINCE_FIRED);
  const dead = (sinceFired.data as Float32Array).reduce(
    (n, tokens) => n + (tokens >= training.dead_after_tokens ? 1 : 0),
    0,
  );
  return stateOf(ops, { step: checkpoint.step, slots, sinceFired: ops.fromHost(sinceFired), dead });
}

function requireFinite(name: string, step: number, tensor: HostTensor): HostTensor {
  const data = tensor.data as Float32Array;
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new NonFiniteError(
      `training: parameter ${name} holds ${data[bad]} at entry ${bad} after step ${step}; the last good checkpoint is kept; lower lr`,
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
