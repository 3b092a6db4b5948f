import { UsageError, type HostTensor, type HostTensors } from "@qsae/runtime";

/** A parameter by name. @throws UsageError naming it and those that are there */
export function requiredTensor(params: HostTensors, name: string): HostTensor<Float32Array> {
  const tensor = params[name];
  if (tensor) return tensor as HostTensor<Float32Array>;
  throw new UsageError(`parameter ${name} is missing; the checkpoint holds: ${Object.keys(params).join(", ")}`);
}
