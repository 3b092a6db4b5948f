import { describe, expect, it } from "vitest";

import { type PickleGlobal, PickleProblem, type PickleValue } from "../pickle/pickle-value.ts";
import { flattenTorchFile } from "./flatten.ts";
import { asTensorView, TORCH_RULES } from "./torch-rules.ts";

const tuple = (...items: PickleValue[]): PickleValue => ({ kind: "tuple", items });
const dict = (entries: Record<string, PickleValue>): PickleValue => ({
  kind: "dict",
  entries: new Map(Object.entries(entries)),
});
const global = (name: string): PickleGlobal => TORCH_RULES.globals.get(name)!;
const storage = (elements: PickleValue = 12, type: PickleValue = global("torch.FloatStorage")): PickleValue =>
  TORCH_RULES.persistent(tuple("storage", type, "0", "cuda:0", elements));
const tensor = (offset: PickleValue, shape: PickleValue, strides: PickleValue, ...more: PickleValue[]): PickleValue =>
  global("torch._utils._rebuild_tensor_v2").call!([storage(), offset, shape, strides, false, dict({}), ...more]);

describe("the rules for torch's pickles", () => {
  it("are a closed list", () => {
    expect([...TORCH_RULES.globals.keys()].sort()).toEqual([
      "collections.OrderedDict",
      "torch.BFloat16Storage",
      "torch.BoolStorage",
      "torch.ByteStorage",
      "torch.CharStorage",
      "torch.DoubleStorage",
      "torch.FloatStorage",
      "torch.HalfStorage",
      "torch.IntStorage",
      "torch.LongStorage",
      "torch.ShortStorage",
      "torch._utils._rebuild_parameter",
      "torch._utils._rebuild_tensor_v2",
    ]);
  });

  it("describe a tensor by its place in a storage", () => {
    expect(asTensorView(tensor(2, tuple(2, 3), tuple(1, 3)))).toEqual({
      storage: { key: "0", dtype: "F32", elementBytes: 4, elements: 12 },
      offset: 2,
      shape: [2, 3],
      strides: [1, 3],
    });
    expect(asTensorView(tensor(0, tuple(3, 4), tuple(4, 1)))).toBeDefined();
    expect(asTensorView(tensor(12, tuple(0, 4), tuple(4, 1)))).toBeDefined();
    expect(asTensorView("tensor")).toBeUndefined();
  });

  it("refuse tensors that reach beyond their storage, however large the numbers", () => {
    const beyond = /reaches beyond its storage of 12 numbers/;
    expect(() => tensor(1, tuple(3, 4), tuple(4, 1))).toThrow(beyond);
    expect(() => tensor(0, tuple(3, 4), tuple(5, 1))).toThrow(beyond);
    expect(() => tensor(12, tuple(), tuple())).toThrow(beyond);
    expect(() => tensor(13, tuple(0), tuple(1))).toThrow(beyond);
    expect(() => tensor(0, tuple(2), tuple(2 ** 53 - 1))).toThrow(beyond);
    expect(() => tensor(2 ** 53 - 1, tuple(1), tuple(1))).toThrow(beyond);
    expect(() => tensor(0, tuple(2 ** 52, 2 ** 52, 2 ** 52), tuple(0, 0, 0))).toThrow(/in a storage of 12 numbers/);
  });

  it("refuse what is no tensor, no storage, no parameter", () => {
    for (const bad of [-1, 0.5, NaN, 2 ** 60, "1", null, 1n, true]) {
      expect(() => tensor(bad, tuple(1), tuple(1))).toThrow(PickleProblem);
      expect(() => tensor(0, tuple(bad), tuple(1))).toThrow(PickleProblem);
      expect(() => tensor(0, tuple(1), tuple(bad))).toThrow(PickleProblem);
      expect(() => storage(bad)).toThrow(PickleProblem);
    }
    expect(() => tensor(0, tuple(1, 1), tuple(1))).toThrow(PickleProblem);
    expect(() => tensor(0, tuple(...new Array<number>(17).fill(1)), tuple(...new Array<number>(17).fill(1)))).toThrow(
      PickleProblem,
    );
    expect(() => storage(1, "torch.FloatStorage")).toThrow(/a storage of "torch\.FloatStorage"/);
    expect(() => storage(1, global("collections.OrderedDict"))).toThrow(PickleProblem);
    expect(() => TORCH_RULES.persistent("storage")).toThrow(PickleProblem);
    expect(() => global("torch._utils._rebuild_tensor_v2").call!([])).toThrow(/in nothing, not in a storage/);
    expect(() => global("torch._utils._rebuild_parameter").call!([storage()])).toThrow(/made of a storage/);
    expect(() => global("collections.OrderedDict").call!([null])).toThrow(/with arguments/);
    expect(() => tensor(0, tuple(1), tuple(1), dict({ neg: true }))).toThrow(/a pending negation/);
  });
});

describe("flattenTorchFile", () => {
  const t = tensor(0, tuple(1), tuple(1));
  const view = asTensorView(t)!;

  it("finds tensors in dictionaries, lists and tuples", () => {
    const nested = dict({ a: dict({ b: t }), list: { kind: "list", items: [t, tuple(t)] }, n: 1 });
    expect([...flattenTorchFile(nested).views]).toEqual([
      ["a.b", view],
      ["list.0", view],
      ["list.1.0", view],
    ]);
  });

  it("takes the state_dict from where training scripts put it", () => {
    for (const key of ["state_dict", "model_state_dict", "model", "net"]) {
      const flat = flattenTorchFile(dict({ [key]: dict({ w: t }), optimizer: dict({ m: t, lr: 0.5 }), epoch: 2 }));
      expect([...flat.views.keys()]).toEqual(["w"]);
      expect(Object.fromEntries(flat.other)).toEqual({ "optimizer.lr": 0.5, epoch: 2 });
    }
    expect([...flattenTorchFile(dict({ model: "gpt2", w: t })).views.keys()]).toEqual(["w"]);
  });

  it("refuses what has no names, or the same twice", () => {
    expect(() => flattenTorchFile(t)).toThrow(/the file holds a tensor; expected a state_dict/);
    expect(() => flattenTorchFile(dict({ model: dict({}), net: dict({}) }))).toThrow(
      /a state_dict under model and net/,
    );
    expect(() => flattenTorchFile(dict({ a: dict({ b: t }), "a.b": t }))).toThrow(/two values have the name "a\.b"/);
    expect(() => flattenTorchFile(dict({ ["a".repeat(513)]: t }))).toThrow(/a name is longer than 512/);
  });
});
