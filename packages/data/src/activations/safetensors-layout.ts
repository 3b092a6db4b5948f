/** Which tensor of a `.safetensors` file holds the activations. */
import { FormatError, type SafetensorsEntry, type SafetensorsHeader, UsageError } from "@qsae/runtime";

import type { OpenFile } from "../files/open-file.ts";
import { readSafetensorsHeader } from "../safetensors/read-header.ts";
import { type ActivationDtype, BYTES_PER_FLOAT, type RowLayout, rowsOfShape } from "./row-layout.ts";

/**
 * @param tensor name to take; absent: the only float tensor with 2 or 3 axes
 * @throws FormatError if the file is no such file, or holds none or several candidates; UsageError if `tensor` names none
 */
export async function readSafetensorsLayout(file: OpenFile, tensor: string | undefined): Promise<RowLayout> {
  const header = await readSafetensorsHeader(file);
  const name = tensor ?? onlyCandidate(header, file.path);
  const entry = header.entries.get(name);
  if (entry === undefined) {
    throw new UsageError(`${file.path}: no tensor "${name}"; it holds ${describeAll(header)}`);
  }
  if (!isActivationDtype(entry.dtype)) {
    throw new UsageError(`${file.path}: tensor "${name}" is ${entry.dtype}; activations are F32, F16 or BF16`);
  }
  const { rows, dIn } = rowsOfShape(entry.shape, file.path, `tensor "${name}"`);
  return { tensor: name, dtype: entry.dtype, rows, dIn, begin: entry.begin, metadata: header.metadata };
}

function onlyCandidate(header: SafetensorsHeader, path: string): string {
  const candidates = [...header.entries].filter(
    ([, { dtype, shape }]) => isActivationDtype(dtype) && (shape.length === 2 || shape.length === 3),
  );
  const [only, ...others] = candidates;
  if (only === undefined) {
    throw new FormatError(
      path,
      `no activations: expected a F32, F16 or BF16 tensor with 2 or 3 axes; it holds ${describeAll(header)}`,
    );
  }
  if (others.length > 0) {
    throw new FormatError(
      path,
      `several tensors could be the activations: ${list(candidates)}; choose one with the tensor option`,
    );
  }
  return only[0];
}

function isActivationDtype(dtype: string): dtype is ActivationDtype {
  return Object.hasOwn(BYTES_PER_FLOAT, dtype);
}

/** A message is for reading: a file of thousands of tensors is told by its first ones. */
const MAX_LISTED = 20;

function describeAll({ entries }: SafetensorsHeader): string {
  return entries.size === 0 ? "no tensors" : list([...entries]);
}

function list(entries: readonly [string, SafetensorsEntry][]): string {
  const listed = entries.slice(0, MAX_LISTED).map(([name, entry]) => describe(name, entry));
  const more = entries.length - listed.length;
  return listed.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function describe(name: string, { dtype, shape }: SafetensorsEntry): string {
  return `${name} ${dtype} [${shape.join(", ")}]`;
}
