import { decodeSafetensorsData, FormatError, type HostTensor, type HostTensors } from "@qsae/runtime";

import type { OpenFile } from "../../files/open-file.ts";
import { gatherView } from "./gather-view.ts";
import type { TensorView, TorchStorage } from "./torch-rules.ts";
import type { ZipArchive } from "./zip-archive.ts";

/** Different views of one storage may overlap, so all tensors together may exceed the file; but not without end. */
const MAX_TENSOR_BYTES_PER_FILE_BYTE = 8;

/**
 * Tensors out of their storages, the entries `FOLDER/KEY`; one storage in memory at a time. What is there under two names
 * is read once and shared.
 *
 * @throws FormatError naming the entry or tensor that is damaged
 */
export async function readViews(
  file: OpenFile,
  archive: ZipArchive,
  folder: string,
  views: ReadonlyMap<string, TensorView>,
): Promise<HostTensors> {
  const tensors = Object.create(null) as Record<string, HostTensor>;
  // Names in the file's order, whatever the order of storages.
  for (const name of views.keys()) tensors[name] = { shape: [], data: new Float32Array(0) };
  let bytesLeft = MAX_TENSOR_BYTES_PER_FILE_BYTE * file.bytes;
  for (const [key, named] of byStorage(views)) {
    const bytes = await readStorage(file, archive, `${folder}/${key}`, named);
    const seen = new Map<string, HostTensor>();
    for (const [name, view] of named) {
      const same = `${view.storage.dtype} ${view.offset} ${view.shape.join()} ${view.strides.join()}`;
      let tensor = seen.get(same);
      if (tensor === undefined) {
        const gathered = gatherView(bytes, view);
        bytesLeft -= gathered.length;
        if (bytesLeft < 0) {
          throw new FormatError(
            file.path,
            `its tensors together have more than ${MAX_TENSOR_BYTES_PER_FILE_BYTE} times the bytes of the file; save tensor.contiguous() of each`,
          );
        }
        const source = `${file.path}: tensor "${name}"`;
        tensor = { shape: view.shape, data: decodeSafetensorsData(gathered, view.storage.dtype, source) };
        seen.set(same, tensor);
      }
      tensors[name] = tensor;
    }
  }
  return tensors;
}

type NamedView = readonly [name: string, view: TensorView];

function byStorage(views: ReadonlyMap<string, TensorView>): ReadonlyMap<string, readonly NamedView[]> {
  const groups = new Map<string, NamedView[]>();
  for (const [name, view] of views) {
    const group = groups.get(view.storage.key) ?? [];
    groups.set(view.storage.key, group);
    group.push([name, view]);
  }
  return groups;
}

async function readStorage(
  file: OpenFile,
  archive: ZipArchive,
  entry: string,
  named: readonly NamedView[],
): Promise<Uint8Array> {
  const size = archive.size(entry);
  for (const [name, { storage }] of named) {
    const wanted = storage.elements * storage.elementBytes;
    if (size === wanted) continue;
    throw new FormatError(file.path, `tensor "${name}": ${entry} ${sizeProblem(size, wanted, storage)}`);
  }
  return archive.read(entry);
}

function sizeProblem(size: number | undefined, wanted: number, { elements, dtype }: TorchStorage): string {
  const has = size === undefined ? "is missing" : `has ${size} bytes`;
  return `${has}; expected ${wanted} for ${elements} numbers of ${dtype}`;
}
