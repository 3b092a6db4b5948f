/**
 * A reader of Python pickles that executes nothing. A pickle is a program for a stack machine (CPython's
 * Lib/pickletools.py): this machine knows the opcodes that torch writes and the globals it is given, builds plain data, and
 * refuses everything else by name. Calling a global runs the caller's rule for it, never anything of the file.
 */
import { FormatError } from "@qsae/runtime";

import { checkNesting } from "./check-nesting.ts";
import { opcodeName, OPCODES } from "./opcodes.ts";
import { pickleCursor, type PickleCursor } from "./pickle-cursor.ts";
import {
  describeValue,
  isKind,
  PickleProblem,
  type PickleDict,
  type PickleGlobal,
  type PickleValue,
} from "./pickle-value.ts";

export interface PickleRules {
  /** Globals by dotted name: a closed list. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** What a persistent id stands for. Throws {@link PickleProblem} where it is not as it should be. */
  readonly persistent: (id: PickleValue) => PickleValue;
}

/** Enough for about 80,000 tensors. */
export const MAX_PICKLE_BYTES = 1 << 24;
/** Python's pickler sets items by the thousand; deep nesting adds little. */
const MAX_STACK = 1 << 16;
const PROTOCOLS = [2, 3, 4, 5];

/**
 * The value of a pickle. It has no cycles and at most 64 levels.
 *
 * @param source names the pickle in errors
 * @throws FormatError naming `source`, the byte offset, and the opcode or global that is not allowed or damaged
 */
export function readPickle(bytes: Uint8Array, source: string, rules: PickleRules): PickleValue {
  if (bytes.length > MAX_PICKLE_BYTES) {
    throw new FormatError(source, `a pickle of ${bytes.length} bytes; at most ${MAX_PICKLE_BYTES} are read`);
  }
  const cursor = pickleCursor(bytes);
  const machine: Machine = { cursor, rules, stack: [], marks: [], memo: new Map() };
  let opcodeAt = 0;
  let opcode: number | undefined;
  try {
    if (cursor.u8() !== OPCODES.PROTO) throw new PickleProblem("not a pickle of protocol 2 or later");
    const protocol = cursor.u8();
    if (!PROTOCOLS.includes(protocol))
      throw new PickleProblem(`pickle protocol ${protocol}; read: ${PROTOCOLS.join(", ")}`);
    for (;;) {
      opcodeAt = cursor.offset;
      opcode = undefined;
      opcode = cursor.u8();
      if (opcode === OPCODES.STOP) break;
      const step = Object.hasOwn(STEPS, opcode) ? STEPS[opcode] : undefined;
      if (step === undefined) throw new PickleProblem("is not allowed: it is not what torch.save writes for tensors");
      step(machine);
      if (machine.stack.length > MAX_STACK) throw new PickleProblem(`more than ${MAX_STACK} values on the stack`);
    }
    const value = pop(machine);
    if (machine.stack.length > 0 || machine.marks.length > 0) throw new PickleProblem("values are left on the stack");
    if (cursor.left() > 0) throw new PickleProblem(`${cursor.left()} bytes follow the end`);
    checkNesting(value);
    return value;
  } catch (error) {
    if (!(error instanceof PickleProblem)) throw error;
    const where = opcode === undefined ? "" : `opcode ${opcodeName(opcode)} `;
    throw new FormatError(source, `${where}at byte ${opcodeAt}: ${error.message}`);
  }
}

interface Machine {
  readonly cursor: PickleCursor;
  readonly rules: PickleRules;
  readonly stack: PickleValue[];
  /** Heights of the stack. */
  readonly marks: number[];
  /** As large as the pickle has opcodes, at most. */
  readonly memo: Map<number, PickleValue>;
}

const push =
  (make: (machine: Machine) => PickleValue) =>
  (machine: Machine): void => {
    machine.stack.push(make(machine));
  };

const STEPS: Readonly<Record<number, (machine: Machine) => void>> = {
  [OPCODES.FRAME]: ({ cursor }) => {
    const length = cursor.u64();
    if (length > cursor.left()) throw new PickleProblem(`a frame of ${length} bytes; ${cursor.left()} are left`);
  },

  [OPCODES.NONE]: push(() => null),
  [OPCODES.NEWTRUE]: push(() => true),
  [OPCODES.NEWFALSE]: push(() => false),
  [OPCODES.BININT]: push(({ cursor }) => cursor.i32()),
  [OPCODES.BININT1]: push(({ cursor }) => cursor.u8()),
  [OPCODES.BININT2]: push(({ cursor }) => cursor.u16()),
  [OPCODES.LONG1]: push(({ cursor }) => cursor.integer(cursor.u8())),
  [OPCODES.BINFLOAT]: push(({ cursor }) => cursor.f64()),
  [OPCODES.SHORT_BINUNICODE]: push(({ cursor }) => cursor.text(cursor.u8())),
  [OPCODES.BINUNICODE]: push(({ cursor }) => cursor.text(cursor.u32())),
  [OPCODES.BINUNICODE8]: push(({ cursor }) => cursor.text(cursor.u64())),

  [OPCODES.EMPTY_TUPLE]: push(() => ({ kind: "tuple", items: [] })),
  [OPCODES.EMPTY_LIST]: push(() => ({ kind: "list", items: [] })),
  [OPCODES.EMPTY_DICT]: push(() => ({ kind: "dict", entries: new Map() })),
  [OPCODES.TUPLE1]: push((machine) => ({ kind: "tuple", items: popMany(machine, 1) })),
  [OPCODES.TUPLE2]: push((machine) => ({ kind: "tuple", items: popMany(machine, 2) })),
  [OPCODES.TUPLE3]: push((machine) => ({ kind: "tuple", items: popMany(machine, 3) })),
  [OPCODES.TUPLE]: push((machine) => ({ kind: "tuple", items: popToMark(machine) })),
  [OPCODES.MARK]: ({ stack, marks }) => {
    if (marks.length >= MAX_STACK) throw new PickleProblem(`more than ${MAX_STACK} marks`);
    marks.push(stack.length);
  },

  [OPCODES.APPEND]: (machine) => append(machine, popMany(machine, 1)),
  [OPCODES.APPENDS]: (machine) => append(machine, popToMark(machine)),
  [OPCODES.SETITEM]: (machine) => setItems(machine, popMany(machine, 2)),
  [OPCODES.SETITEMS]: (machine) => setItems(machine, popToMark(machine)),

  [OPCODES.BINPUT]: (machine) => machine.memo.set(machine.cursor.u8(), top(machine)),
  [OPCODES.LONG_BINPUT]: (machine) => machine.memo.set(machine.cursor.u32(), top(machine)),
  [OPCODES.MEMOIZE]: (machine) => machine.memo.set(machine.memo.size, top(machine)),
  [OPCODES.BINGET]: push((machine) => recall(machine, machine.cursor.u8())),
  [OPCODES.LONG_BINGET]: push((machine) => recall(machine, machine.cursor.u32())),

  [OPCODES.GLOBAL]: push(({ cursor, rules }) => globalOf(rules, cursor.line(), cursor.line())),
  [OPCODES.STACK_GLOBAL]: push((machine) => {
    const [module, name] = popMany(machine, 2);
    if (typeof module !== "string" || typeof name !== "string") {
      throw new PickleProblem(`names a global by ${describeValue(module)} and ${describeValue(name)}`);
    }
    return globalOf(machine.rules, module, name);
  }),
  [OPCODES.BINPERSID]: push((machine) => machine.rules.persistent(pop(machine))),
  [OPCODES.REDUCE]: push((machine) => {
    const [callee, args] = popMany(machine, 2);
    if (!isKind(callee, "global") || callee.call === undefined) {
      throw new PickleProblem(`calls ${describeValue(callee)}, which is not allowed`);
    }
    if (!isKind(args, "tuple"))
      throw new PickleProblem(`calls ${callee.name} with ${describeValue(args)}, not a tuple`);
    return callee.call(args.items);
  }),
  // torch sets attributes on an OrderedDict (`_metadata`: versions of modules); they say nothing about tensors.
  [OPCODES.BUILD]: (machine) => {
    const state = pop(machine);
    if (!isKind(state, "dict") || !isKind(top(machine), "dict")) {
      throw new PickleProblem(`sets the state of ${describeValue(top(machine))} to ${describeValue(state)}`);
    }
  },
};

function globalOf({ globals }: PickleRules, module: string, name: string): PickleGlobal {
  const global = globals.get(`${module}.${name}`);
  if (global === undefined) {
    throw new PickleProblem(
      `global ${JSON.stringify(`${module}.${name}`)} is not allowed; allowed: ${[...globals.keys()].join(", ")}`,
    );
  }
  return global;
}

function recall({ memo }: Machine, index: number): PickleValue {
  const value = memo.get(index);
  if (value === undefined) throw new PickleProblem(`nothing is in memo ${index}`);
  return value;
}

/** Values below a mark belong to whoever set it. */
const floor = ({ marks }: Machine): number => marks.at(-1) ?? 0;

function top(machine: Machine): PickleValue {
  const { stack } = machine;
  if (stack.length <= floor(machine)) throw new PickleProblem("the stack is empty");
  return stack.at(-1)!;
}

function pop(machine: Machine): PickleValue {
  const value = top(machine);
  machine.stack.pop();
  return value;
}

function popMany(machine: Machine, count: number): PickleValue[] {
  const { stack } = machine;
  if (stack.length - floor(machine) < count) throw new PickleProblem("the stack is empty");
  return stack.splice(stack.length - count, count);
}

function popToMark({ stack, marks }: Machine): PickleValue[] {
  const mark = marks.pop();
  if (mark === undefined) throw new PickleProblem("no mark is set");
  return stack.splice(mark);
}

function append(machine: Machine, values: readonly PickleValue[]): void {
  const list = top(machine);
  if (!isKind(list, "list")) throw new PickleProblem(`appends to ${describeValue(list)}`);
  for (const value of values) list.items.push(value);
}

function setItems(machine: Machine, pairs: readonly PickleValue[]): void {
  const dict = top(machine);
  if (!isKind(dict, "dict")) throw new PickleProblem(`sets items of ${describeValue(dict)}`);
  if (pairs.length % 2 !== 0) throw new PickleProblem("a key has no value");
  for (let i = 0; i < pairs.length; i += 2) setItem(dict, pairs[i]!, pairs[i + 1]!);
}

function setItem({ entries }: PickleDict, key: PickleValue, value: PickleValue): void {
  if (typeof key !== "string" && typeof key !== "number") {
    throw new PickleProblem(`a key is ${describeValue(key)}; allowed: strings and numbers`);
  }
  if (entries.has(key)) throw new PickleProblem(`key ${describeValue(key)} is there twice`);
  entries.set(key, value);
}
