import { decodeSafetensorsData, type HostTensor, type HostTensors, type SafetensorsEntry } from "@qsae/runtime";

import { type OpenFile, withFile } from "../files/open-file.ts";
import { readSafetensorsHeader } from "./read-header.ts";

/**
 * Every tensor of a `.safetensors` file, read one by one: files may be larger than one buffer can be, and a damaged header
 * costs no memory.
 * @param expected what the file should be, for the error when it is missing
 * @throws FormatError naming the file, and the tensor where it is one tensor's fault
 */
export function readSafetensorsFile(
  path: string,
  expected: string,
): Promise<{ readonly tensors: HostTensors; readonly metadata: Readonly<Record<string, string>> }> {
  return withFile(path, expected, async (file) => {
    const { entries, metadata } = await readSafetensorsHeader(file);
    // Without a prototype: a tensor may be called anything.
    const tensors = Object.create(null) as Record<string, HostTensor>;
    for (const [name, entry] of entries) tensors[name] = await readTensor(file, name, entry);
    return { tensors, metadata };
  });
}

/** One tensor, converted as `decodeSafetensors` of the runtime does. */
export async function readTensor(file: OpenFile, name: string, entry: SafetensorsEntry): Promise<HostTensor> {
  const bytes = new Uint8Array(entry.end - entry.begin);
  await file.read(entry.begin, bytes);
  return { shape: entry.shape, data: decodeSafetensorsData(bytes, entry.dtype, `${file.path}: tensor "${name}"`) };
}
