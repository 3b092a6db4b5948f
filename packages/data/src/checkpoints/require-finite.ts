import { type HostTensor, NonFiniteError } from "@qsae/runtime";

/** @throws NonFiniteError naming file, tensor and element */
export function requireFinite(path: string, name: string, { data }: HostTensor): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new NonFiniteError(`${path}: tensor "${name}" is ${data[bad]} at element ${bad}`);
}
