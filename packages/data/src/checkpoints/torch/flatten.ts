/** Nested dictionaries to one level: `{ "a": { "b": tensor } }` is `a.b`. */
import { describeValue, isKind, PickleProblem, type PickleDict, type PickleValue } from "../pickle/pickle-value.ts";
import { asTensorView, type TensorView } from "./torch-rules.ts";

export type TorchScalar = string | number | boolean;

export interface FlatTorchFile {
  readonly views: ReadonlyMap<string, TensorView>;
  readonly other: ReadonlyMap<string, TorchScalar>;
}

/** Where training scripts put the state_dict when they save more than that. */
const WRAPPERS = ["state_dict", "model_state_dict", "model", "net"];

const MAX_NAME_LENGTH = 512;
const MAX_NAMES = 1 << 17;

/**
 * Tensors of the state_dict (the whole value, or what is under one of {@link WRAPPERS}) by dotted name, and the numbers,
 * strings and booleans of all dictionaries.
 *
 * @throws PickleProblem if the value is no dictionary, or two things have one name
 */
export function flattenTorchFile(root: PickleValue): FlatTorchFile {
  if (!isKind(root, "dict")) throw new PickleProblem(`the file holds ${describeValue(root)}; expected a state_dict`);
  const wrapper = wrapperOf(root);
  const views = new Map<string, TensorView>();
  const other = new Map<string, TorchScalar>();
  const stateDict = wrapper === undefined ? root : root.entries.get(wrapper)!;
  walk(stateDict, "", (name, value) => {
    const view = asTensorView(value);
    if (view !== undefined) put(views, name, view);
  });
  for (const [key, value] of root.entries) {
    if (key === wrapper) continue;
    walk(value, String(key), (name, leaf, inList) => {
      if (!inList && isScalar(leaf)) put(other, name, leaf);
    });
  }
  return { views, other };
}

function wrapperOf({ entries }: PickleDict): string | undefined {
  const found = WRAPPERS.filter((key) => isKind(entries.get(key), "dict"));
  if (found.length > 1)
    throw new PickleProblem(`the file has a state_dict under ${found.join(" and ")}; save one of them`);
  return found[0];
}

function walk(
  value: PickleValue,
  name: string,
  leaf: (name: string, value: PickleValue, inList: boolean) => void,
  inList = false,
): void {
  if (name.length > MAX_NAME_LENGTH)
    throw new PickleProblem(`a name is longer than ${MAX_NAME_LENGTH}: ${name.slice(0, 80)}...`);
  const child = (key: string | number): string => (name === "" ? String(key) : `${name}.${key}`);
  if (isKind(value, "dict")) {
    for (const [key, item] of value.entries) walk(item, child(key), leaf, inList);
  } else if (isKind(value, "list") || isKind(value, "tuple")) {
    for (const [i, item] of value.items.entries()) walk(item, child(i), leaf, true);
  } else leaf(name, value, inList);
}

function put<T>(into: Map<string, T>, name: string, value: T): void {
  if (into.has(name)) throw new PickleProblem(`two values have the name ${JSON.stringify(name)}`);
  if (into.size >= MAX_NAMES) throw new PickleProblem(`more than ${MAX_NAMES} names`);
  into.set(name, value);
}

function isScalar(value: PickleValue): value is TorchScalar {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}
