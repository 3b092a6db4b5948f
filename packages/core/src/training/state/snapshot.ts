/** Training state to a checkpoint. Everything is saved; nothing that matters lives elsewhere. */
import { NonFiniteError, type HostTensor, type HostTensors } from "@qsae/runtime";
import type { TrainingCheckpoint } from "../../contracts/sae-checkpoint.ts";
import type { Tensor, TensorOps, Tensors } from "../../contracts/tensor-ops.ts";
import type { Variant } from "../../contracts/variant.ts";
import type { TrainingConfig } from "../training-config.ts";
import { ADAM_M, ADAM_V, AVERAGE, INPUT_SCALE, PARAM, SINCE_FIRED } from "./state-names.ts";
import { parametersOf, type TrainingState } from "./training-state.ts";

/** @throws NonFiniteError naming the tensor, so that a bad state never replaces a good checkpoint */
export async function snapshotState(
  ops: TensorOps,
  state: TrainingState,
  variant: Variant,
  training: TrainingConfig,
  provenance: Readonly<Record<string, string>>,
): Promise<TrainingCheckpoint> {
  const { slots, averages, inputScale, sinceFired, step } = state;
  const params = await readAll(ops, "parameter", parametersOf(slots));
  const averaged = averages && (await readAll(ops, "average of", averages));
  const trained = averaged ?? params;
  const tensors = inputScale === undefined ? trained : variant.foldInputScale!(trained, inputScale);
  const momentsOf = (which: "m" | "v"): Tensors =>
    Object.fromEntries(Object.entries(slots).map(([name, slot]) => [name, slot[which]]));
  return {
    sae: { spec: { variant: variant.id, config: variant.config }, tensors, provenance },
    step,
    state: {
      ...prefixed(ADAM_M, await readAll(ops, "first moment of", momentsOf("m"))),
      ...prefixed(ADAM_V, await readAll(ops, "second moment of", momentsOf("v"))),
      [SINCE_FIRED]: await ops.read(sinceFired),
      ...(tensors === params ? {} : prefixed(PARAM, params)),
      ...(averaged ? prefixed(AVERAGE, averaged) : {}),
      ...(inputScale === undefined ? {} : { [INPUT_SCALE]: { shape: [1], data: Float32Array.of(inputScale) } }),
    },
    training,
  };
}

async function readAll(ops: TensorOps, what: string, tensors: Tensors): Promise<HostTensors> {
  const read = async ([name, tensor]: [string, Tensor]): Promise<[string, HostTensor]> => [
    name,
    requireFinite(`${what} ${name}`, await ops.read(tensor)),
  ];
  return Object.fromEntries(await Promise.all(Object.entries(tensors).map(read)));
}

function requireFinite(name: string, tensor: HostTensor): HostTensor {
  const { data } = tensor;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) throw new NonFiniteError(`${name} became ${data[i]} at entry ${i}`);
  }
  return tensor;
}

function prefixed(prefix: string, tensors: HostTensors): HostTensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}
