/**
 * What the pickle of a torch file may name: the functions that torch's tensors are rebuilt by (torch/_utils.py) and the
 * types of their storages. A rule gives a description of the tensor; its bytes are read later, from the archive.
 */
import { elementCount, type SafetensorsDtype } from "@qsae/runtime";

import {
  describeValue,
  isKind,
  type PickleGlobal,
  type PickleObject,
  PickleProblem,
  type PickleValue,
} from "../pickle/pickle-value.ts";
import type { PickleRules } from "../pickle/read-pickle.ts";

/** Element type of each storage, in safetensors' names, and bytes per element. */
const STORAGES: Readonly<Record<string, readonly [SafetensorsDtype, number]>> = {
  "torch.FloatStorage": ["F32", 4],
  "torch.HalfStorage": ["F16", 2],
  "torch.BFloat16Storage": ["BF16", 2],
  "torch.DoubleStorage": ["F64", 8],
  "torch.LongStorage": ["I64", 8],
  "torch.IntStorage": ["I32", 4],
  "torch.ShortStorage": ["I16", 2],
  "torch.CharStorage": ["I8", 1],
  "torch.ByteStorage": ["U8", 1],
  "torch.BoolStorage": ["BOOL", 1],
};

const MAX_DIMENSIONS = 16;

/** Numbers of the archive: entry `data/KEY`. */
export interface TorchStorage {
  readonly key: string;
  readonly dtype: SafetensorsDtype;
  readonly elementBytes: number;
  readonly elements: number;
}

/** Element `[i, j, ...]` of a tensor is number `offset + i strides[0] + j strides[1] + ...` of its storage. */
export interface TensorView {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export const TORCH_RULES: PickleRules = {
  globals: new Map(
    [
      callable("collections.OrderedDict", orderedDict),
      callable("torch._utils._rebuild_tensor_v2", rebuildTensor),
      callable("torch._utils._rebuild_parameter", rebuildParameter),
      ...Object.keys(STORAGES).map((name): PickleGlobal => ({ kind: "global", name })),
    ].map((global) => [global.name, global]),
  ),
  persistent: storageOf,
};

export function asTensorView(value: PickleValue | undefined): TensorView | undefined {
  return isKind(value, "object") && value.what === "tensor" ? (value.value as TensorView) : undefined;
}

function callable(name: string, rule: (args: readonly PickleValue[]) => PickleValue): PickleGlobal {
  return { kind: "global", name, call: rule };
}

function orderedDict(args: readonly PickleValue[]): PickleValue {
  if (args.length > 0) throw new PickleProblem("collections.OrderedDict with arguments; torch.save writes it without");
  return { kind: "dict", entries: new Map() };
}

/** `("storage", type, key, location, numel)` */
function storageOf(id: PickleValue): PickleObject {
  const [what, type, key, , elements] = isKind(id, "tuple") ? id.items : [];
  const stored = isKind(type, "global") && Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
  if (what !== "storage" || stored === undefined || typeof key !== "string" || !isSize(elements)) {
    throw new PickleProblem(
      `a storage of ${describeValue(type)} with key ${describeValue(key)}, ${describeValue(elements)} elements`,
    );
  }
  const [dtype, elementBytes] = stored;
  const storage: TorchStorage = { key, dtype, elementBytes, elements };
  return { kind: "object", what: "storage", value: storage };
}

/** `_rebuild_tensor_v2(storage, storage_offset, size, stride, requires_grad, backward_hooks, metadata)` */
function rebuildTensor(args: readonly PickleValue[]): PickleObject {
  const [stored, offset, size, stride, , , metadata] = args;
  if (!isKind(stored, "object") || stored.what !== "storage") {
    throw new PickleProblem(`a tensor in ${describeValue(stored)}, not in a storage`);
  }
  const storage = stored.value as TorchStorage;
  const shape = sizes(size);
  const strides = sizes(stride);
  if (!isSize(offset) || shape === undefined || strides?.length !== shape.length) {
    throw new PickleProblem(
      `a tensor with offset ${describeValue(offset)}, sizes ${shape?.join() ?? describeValue(size)}, strides ${strides?.join() ?? describeValue(stride)}`,
    );
  }
  // Marks a lazily conjugated or negated tensor.
  if (isKind(metadata, "dict") && metadata.entries.size > 0) {
    throw new PickleProblem("a tensor with a pending negation or conjugation; save tensor.resolve_neg() instead");
  }
  const view: TensorView = { storage, offset, shape, strides };
  checkBounds(view);
  return { kind: "object", what: "tensor", value: view };
}

/** `_rebuild_parameter(data, requires_grad, backward_hooks)` */
function rebuildParameter([data]: readonly PickleValue[]): PickleValue {
  if (asTensorView(data) === undefined) throw new PickleProblem(`a parameter made of ${describeValue(data)}`);
  return data!;
}

function checkBounds({ storage, offset, shape, strides }: TensorView): void {
  const count = elementCount(shape);
  const shown = `a tensor [${shape.join(", ")}] with strides [${strides.join(", ")}] from ${offset} on`;
  // An expanded tensor repeats numbers: a few bytes could stand for any amount of memory.
  if (count > storage.elements) {
    throw new PickleProblem(`${shown} in a storage of ${storage.elements} numbers; save tensor.contiguous() instead`);
  }
  const last = count === 0 ? offset - 1 : shape.reduce((at, size, axis) => at + (size - 1) * strides[axis]!, offset);
  if (last >= storage.elements)
    throw new PickleProblem(`${shown} reaches beyond its storage of ${storage.elements} numbers`);
}

function sizes(value: PickleValue | undefined): readonly number[] | undefined {
  if (!isKind(value, "tuple") || value.items.length > MAX_DIMENSIONS) return undefined;
  return value.items.every(isSize) ? value.items : undefined;
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
