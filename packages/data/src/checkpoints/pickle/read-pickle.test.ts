import { FormatError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { opcodeName, OPCODES as O } from "./opcodes.ts";
import { type PickleGlobal, PickleProblem, type PickleValue } from "./pickle-value.ts";
import { readPickle, type PickleRules } from "./read-pickle.ts";

const rules: PickleRules = {
  globals: new Map<string, PickleGlobal>([
    ["lib.name", { kind: "global", name: "lib.name" }],
    ["lib.count", { kind: "global", name: "lib.count", call: (args) => args.length }],
    ["collections.OrderedDict", { kind: "global", name: "collections.OrderedDict", call: () => dict() }],
  ]),
  persistent: (id) => {
    if (typeof id !== "string") throw new PickleProblem("no storage");
    return { kind: "object", what: "storage", value: { id } };
  },
};

const dict = (...entries: [string | number, PickleValue][]): PickleValue => ({
  kind: "dict",
  entries: new Map(entries),
});
const tuple = (...items: PickleValue[]): PickleValue => ({ kind: "tuple", items });
const list = (...items: PickleValue[]): PickleValue => ({ kind: "list", items });

type Part = number | string | readonly number[];
const bytesOf = (parts: readonly Part[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === "string" ? [...Buffer.from(part)] : part)));
const pickle = (...parts: Part[]): Uint8Array => bytesOf([O.PROTO, 2, ...parts, O.STOP]);
const read = (...parts: Part[]): PickleValue => readPickle(pickle(...parts), "p", rules);
const refusal = (...parts: Part[]): string => {
  try {
    read(...parts);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as FormatError).message;
  }
  return "(accepted)";
};
const text = (value: string): number[] => [O.SHORT_BINUNICODE, value.length, ...Buffer.from(value)];
const global = (module: string, name: string): Part[] => [O.GLOBAL, `${module}\n${name}\n`];
const times = (count: number, ...parts: number[]): number[] => Array.from({ length: count }, () => parts).flat();

describe("readPickle", () => {
  it("reads numbers, big and small endian where each is used", () => {
    expect(read(O.BININT, [0xfe, 0xff, 0xff, 0xff])).toBe(-2);
    expect(read(O.BININT1, 200)).toBe(200);
    expect(read(O.BININT2, [1, 2])).toBe(513);
    expect(read(O.BINFLOAT, [0x3f, 0xf8, 0, 0, 0, 0, 0, 0])).toBe(1.5);
    expect(read(O.LONG1, 0)).toBe(0);
    expect(read(O.LONG1, 1, 0xff)).toBe(-1);
    expect(read(O.LONG1, 6, [0, 0, 0, 0, 0, 1])).toBe(2 ** 40);
    expect(read(O.LONG1, 8, [1, 0, 0, 0, 0, 0, 0, 0x40])).toBe(2n ** 62n + 1n);
  });

  it("reads constants and strings of every length prefix", () => {
    expect(read(O.MARK, O.NONE, O.NEWTRUE, O.NEWFALSE, O.TUPLE)).toEqual(tuple(null, true, false));
    expect(read(text("a"))).toBe("a");
    expect(read(O.BINUNICODE, [2, 0, 0, 0], "ä")).toBe("ä");
    expect(read(O.BINUNICODE8, [1, 0, 0, 0, 0, 0, 0, 0], "b")).toBe("b");
  });

  it("builds tuples, lists and dictionaries", () => {
    expect(read(O.EMPTY_TUPLE)).toEqual(tuple());
    expect(read(text("a"), text("b"), text("c"), O.TUPLE3)).toEqual(tuple("a", "b", "c"));
    expect(read(text("a"), O.TUPLE1, text("b"), O.TUPLE2)).toEqual(tuple(tuple("a"), "b"));
    expect(read(O.EMPTY_LIST, O.NONE, O.APPEND, O.MARK, text("a"), text("b"), O.APPENDS)).toEqual(list(null, "a", "b"));
    expect(read(O.EMPTY_DICT, text("a"), O.NONE, O.SETITEM, O.MARK, O.BININT1, 7, O.NEWTRUE, O.SETITEMS)).toEqual(
      dict(["a", null], [7, true]),
    );
  });

  it("recalls what it has put aside", () => {
    expect(read(text("a"), O.BINPUT, 9, O.BINGET, 9, O.TUPLE2)).toEqual(tuple("a", "a"));
    expect(read(text("a"), O.LONG_BINPUT, [0, 1, 0, 0], O.LONG_BINGET, [0, 1, 0, 0], O.TUPLE2)).toEqual(
      tuple("a", "a"),
    );
    expect(read(text("a"), O.MEMOIZE, text("b"), O.MEMOIZE, O.BINGET, 0, O.TUPLE3)).toEqual(tuple("a", "b", "a"));
  });

  it("gives globals, calls and persistent ids the meaning that the rules give them", () => {
    expect(read(...global("lib", "name"))).toEqual({ kind: "global", name: "lib.name" });
    expect(read(text("lib"), text("name"), O.STACK_GLOBAL)).toEqual({ kind: "global", name: "lib.name" });
    expect(read(...global("lib", "count"), O.NONE, O.NONE, O.TUPLE2, O.REDUCE)).toBe(2);
    expect(read(text("7"), O.BINPERSID)).toEqual({ kind: "object", what: "storage", value: { id: "7" } });
    expect(refusal(O.NONE, O.BINPERSID)).toBe("p: opcode BINPERSID at byte 3: no storage");
  });

  it("leaves out the state of an OrderedDict", () => {
    const empty = [...global("collections", "OrderedDict"), O.EMPTY_TUPLE, O.REDUCE];
    expect(read(...empty, O.EMPTY_DICT, text("_metadata"), O.NONE, O.SETITEM, O.BUILD)).toEqual(dict());
    expect(refusal(O.NONE, O.EMPTY_DICT, O.BUILD)).toMatch(/BUILD at byte 4: sets the state of None/);
    expect(refusal(O.EMPTY_DICT, O.NONE, O.BUILD)).toMatch(/BUILD/);
  });

  it("refuses globals that are not on the list, by name and offset", () => {
    const allowed = "allowed: lib.name, lib.count, collections.OrderedDict";
    for (const [module, name] of [
      ["posix", "system"],
      ["builtins", "eval"],
      ["lib", "constructor"],
      ["", "__proto__"],
    ] as const) {
      const call = [...global(module, name), text("touch pwned"), O.TUPLE1, O.REDUCE];
      expect(refusal(...call)).toBe(
        `p: opcode GLOBAL at byte 2: global "${module}.${name}" is not allowed; ${allowed}`,
      );
      expect(refusal(text(module), text(name), O.STACK_GLOBAL)).toMatch(/STACK_GLOBAL .* is not allowed/);
    }
    expect(refusal(O.NONE, text("name"), O.STACK_GLOBAL)).toMatch(/names a global by None and "name"/);
  });

  it("calls nothing but globals that have a rule for it", () => {
    expect(refusal(...global("lib", "name"), O.EMPTY_TUPLE, O.REDUCE)).toMatch(/REDUCE .*calls global lib.name, which/);
    expect(refusal(text("system"), O.EMPTY_TUPLE, O.REDUCE)).toMatch(/calls "system", which is not allowed/);
    expect(refusal(...global("lib", "count"), O.EMPTY_LIST, O.REDUCE)).toMatch(/with a list, not a tuple/);
  });

  it("refuses every opcode that is not on the list", () => {
    const known = new Set<number>(Object.values(O));
    for (let opcode = 0; opcode < 256; opcode++) {
      if (known.has(opcode)) continue;
      expect(refusal(opcode)).toMatch(new RegExp(`^p: opcode ${opcodeName(opcode)} at byte 2: is not allowed`));
    }
    expect([0x69, 0x6f, 0x82, 0x81].map(opcodeName)).toEqual(["INST", "OBJ", "EXT1", "NEWOBJ"]);
    expect(opcodeName(0x01)).toBe("0x01");
  });

  it("refuses what is no pickle, of another protocol, or longer than its end", () => {
    expect(() => readPickle(bytesOf(["{}"]), "p", rules)).toThrow("p: at byte 0: not a pickle of protocol 2 or later");
    expect(() => readPickle(bytesOf([O.PROTO, 6, O.NONE, O.STOP]), "p", rules)).toThrow(/protocol 6; read: 2, 3, 4, 5/);
    expect(() => readPickle(bytesOf([O.PROTO, 2, O.NONE, O.STOP, 0]), "p", rules)).toThrow(/1 bytes follow the end/);
    expect(() => readPickle(new Uint8Array(2 ** 24 + 1), "p", rules)).toThrow(/16777217 bytes; at most 16777216/);
  });

  it("checks lengths before it makes anything", () => {
    expect(refusal(O.BINUNICODE, [0xff, 0xff, 0xff, 0x7f])).toMatch(/a string of 2147483647 bytes; at most 65536/);
    expect(refusal(O.BINUNICODE, [0xff, 0, 0, 0])).toMatch(/255 bytes are announced, 1 are left/);
    expect(refusal(O.BINUNICODE8, times(8, 0xff))).toMatch(/18446744073709551615 bytes are announced/);
    expect(refusal(O.LONG1, 255, times(255, 1))).toMatch(/LONG1 at byte 2: an integer of 255 bytes; at most 8/);
    expect(refusal(O.FRAME, [9, 0, 0, 0, 0, 0, 0, 0], O.NONE)).toMatch(/a frame of 9 bytes; 2 are left/);
    expect(refusal(O.GLOBAL, "a".repeat(1000))).toMatch(/no end of line within 256 bytes/);
    expect(refusal(O.SHORT_BINUNICODE, 1, 0xff)).toMatch(/a string is not UTF-8/);
  });

  it("keeps to its stack", () => {
    expect(refusal()).toMatch(/STOP at byte 2: the stack is empty/);
    expect(refusal(O.NONE, O.NONE)).toMatch(/values are left on the stack/);
    expect(refusal(O.MARK, O.NONE)).toMatch(/values are left/);
    expect(refusal(O.NONE, O.TUPLE2)).toMatch(/the stack is empty/);
    expect(refusal(O.NONE, O.TUPLE)).toMatch(/no mark is set/);
    expect(refusal(O.EMPTY_LIST, O.MARK, O.APPEND)).toMatch(/the stack is empty/);
    expect(refusal(O.BINPUT, 0)).toMatch(/the stack is empty/);
    expect(refusal(O.BINGET, 3)).toMatch(/nothing is in memo 3/);
    expect(refusal(times(70_000, O.NONE))).toMatch(/more than 65536 values on the stack/);
    expect(refusal(times(70_000, O.MARK))).toMatch(/more than 65536 marks/);
  });

  it("refuses keys and containers that torch does not write", () => {
    expect(refusal(O.EMPTY_DICT, O.EMPTY_TUPLE, O.NONE, O.SETITEM)).toMatch(
      /a key is a tuple; allowed: strings and numbers/,
    );
    expect(refusal(O.EMPTY_DICT, O.MARK, text("a"), O.SETITEMS)).toMatch(/a key has no value/);
    expect(refusal(O.EMPTY_DICT, O.MARK, text("a"), O.NONE, text("a"), O.NONE, O.SETITEMS)).toMatch(
      /"a" is there twice/,
    );
    expect(refusal(O.EMPTY_LIST, text("a"), O.NONE, O.SETITEM)).toMatch(/sets items of a list/);
    expect(refusal(O.EMPTY_DICT, O.NONE, O.APPEND)).toMatch(/appends to a dict/);
  });

  it("refuses values without end: those that hold themselves, deep ones, and few bytes for many values", () => {
    expect(refusal(O.EMPTY_LIST, O.BINPUT, 0, O.BINGET, 0, O.APPEND)).toMatch(/a list holds itself/);
    expect(refusal(O.EMPTY_DICT, O.BINPUT, 0, text("a"), O.BINGET, 0, O.TUPLE1, O.SETITEM)).toMatch(/holds itself/);
    expect(read(O.EMPTY_TUPLE, times(63, O.TUPLE1))).toBeDefined();
    expect(refusal(O.EMPTY_TUPLE, times(64, O.TUPLE1))).toMatch(/more than 64 levels/);
    expect(refusal(O.EMPTY_TUPLE, times(100_000, O.TUPLE1))).toMatch(/more than 64 levels/);
    expect(refusal(O.NONE, times(40, O.BINPUT, 0, O.BINGET, 0, O.TUPLE2))).toMatch(/more than 1048576 values/);
  });

  it("ends any bytes in a value or a FormatError", () => {
    const opcodes = fc.constantFrom(...Object.values(O));
    const part = fc.oneof(
      { weight: 6, arbitrary: opcodes.map((opcode) => [opcode]) },
      { weight: 2, arbitrary: fc.nat(255).map((byte) => [byte]) },
      { weight: 1, arbitrary: fc.constant([...bytesOf(global("lib", "count"))]) },
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        expect(refusal(parts.flat())).toBeDefined();
      }),
      { numRuns: 3000 },
    );
  });
});
