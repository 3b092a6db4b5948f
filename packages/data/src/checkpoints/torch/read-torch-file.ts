/**
 * Files of `torch.save`, version 1.6 and later (torch/serialization.py): a zip archive with one folder, in it a pickle
 * `data.pkl` that describes the tensors, their numbers under `data/KEY`, and `byteorder` in newer versions.
 */
import { FormatError, type HostTensors } from "@qsae/runtime";

import { type OpenFile, withFile } from "../../files/open-file.ts";
import { PickleProblem, type PickleValue } from "../pickle/pickle-value.ts";
import { MAX_PICKLE_BYTES, readPickle } from "../pickle/read-pickle.ts";
import { flattenTorchFile, type FlatTorchFile, type TorchScalar } from "./flatten.ts";
import { refuseOldFormat } from "./old-format.ts";
import { readViews } from "./read-views.ts";
import { TORCH_RULES } from "./torch-rules.ts";
import { openZip, type ZipArchive } from "./zip-archive.ts";

export interface TorchFile {
  /** Tensors of the state_dict by dotted name. */
  readonly tensors: HostTensors;
  /** Numbers, strings and booleans beside the tensors, by dotted name: `epoch`, `config.lr`. */
  readonly other: Readonly<Record<string, TorchScalar>>;
}

/**
 * Reads a `.pth` or `.pt` file without running anything of it: a state_dict, or a dictionary with one under `state_dict`,
 * `model_state_dict`, `model` or `net`. Float tensors become Float32Array, integers Int32Array, bytes and booleans
 * Uint8Array. Views (transposed, sliced) come out row-major.
 *
 * @param expected what the file should be, for the error when it is missing
 * @throws FormatError naming the file and the entry, opcode, global or tensor that is damaged or not supported
 */
export function readTorchFile(path: string, expected = "a file of torch.save (.pth, .pt)"): Promise<TorchFile> {
  return withFile(path, expected, async (file) => {
    await refuseOldFormat(file);
    return readTorch(file, await openZip(file));
  });
}

/** {@link readTorchFile} of an open archive. */
export async function readTorch(file: OpenFile, archive: ZipArchive): Promise<TorchFile> {
  const { path } = file;
  const folder = folderOf(archive, path);
  await refuseBigEndian(archive, folder, path);
  const pickle = `${folder}/data.pkl`;
  if (archive.size(pickle)! > MAX_PICKLE_BYTES) {
    throw new FormatError(path, `${pickle} has ${archive.size(pickle)} bytes; at most ${MAX_PICKLE_BYTES} are read`);
  }
  const root = readPickle(await archive.read(pickle), `${path}: ${pickle}`, TORCH_RULES);
  const { views, other } = flattened(root, path);
  return { tensors: await readViews(file, archive, `${folder}/data`, views), other: withoutPrototype(other) };
}

function folderOf({ names }: ZipArchive, path: string): string {
  const pickles = names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [only] = pickles;
  if (only === undefined || pickles.length > 1) {
    throw new FormatError(path, `a zip archive with ${pickles.length} of FOLDER/data.pkl; torch.save writes one`);
  }
  return only.slice(0, only.indexOf("/"));
}

async function refuseBigEndian(archive: ZipArchive, folder: string, path: string): Promise<void> {
  const name = `${folder}/byteorder`;
  const size = archive.size(name);
  // Files of versions before 2.1 do not say; torch reads them as little endian.
  if (size === undefined) return;
  const order = size > 16 ? `${size} bytes` : new TextDecoder().decode(await archive.read(name));
  if (order !== "little")
    throw new FormatError(path, `${name} is ${JSON.stringify(order)}; only little endian is read`);
}

function flattened(root: PickleValue, path: string): FlatTorchFile {
  try {
    return flattenTorchFile(root);
  } catch (error) {
    throw error instanceof PickleProblem ? new FormatError(path, error.message) : error;
  }
}

function withoutPrototype<T>(values: ReadonlyMap<string, T>): Readonly<Record<string, T>> {
  return Object.assign(Object.create(null) as Record<string, T>, Object.fromEntries(values));
}
