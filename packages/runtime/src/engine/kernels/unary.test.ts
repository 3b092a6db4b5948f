import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { openEngines, place, sameBits } from "../../../test/engines.ts";
import type { Engine } from "../engine.ts";
import { unaryOps, type UnaryOp } from "./elementwise-ops.ts";
import { unary, type Unary } from "./unary.ts";

const engines = await openEngines();
afterAll(() => engines.close());

type Constants = Pick<Unary, "alpha" | "beta">;

const halfToEven = (x: number): number => {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below === -1 ? -0 : below + 1;
};

/** In float64, as JavaScript has it; `exact` where float32 must give the nearest number. */
const oracles: Readonly<
  Record<Exclude<UnaryOp, "toInt32" | "fromInt32">, { exact: boolean; of: (x: number) => number }>
> = {
  neg: { exact: true, of: (x) => -x },
  abs: { exact: true, of: Math.abs },
  square: { exact: true, of: (x) => x * x },
  sqrt: { exact: true, of: Math.sqrt },
  rsqrt: { exact: false, of: (x) => 1 / Math.sqrt(x) },
  reciprocal: { exact: true, of: (x) => 1 / x },
  exp: { exact: false, of: Math.exp },
  log: { exact: false, of: Math.log },
  relu: { exact: true, of: (x) => Math.max(x, 0) },
  step: { exact: true, of: (x) => (Number.isNaN(x) ? NaN : x > 0 ? 1 : 0.25) },
  sigmoid: { exact: false, of: (x) => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x))) },
  tanh: { exact: false, of: Math.tanh },
  round: { exact: true, of: halfToEven },
  floor: { exact: true, of: Math.floor },
  ceil: { exact: true, of: Math.ceil },
  sign: { exact: true, of: Math.sign },
  clip: { exact: true, of: (x) => Math.min(Math.max(x, -0.75), 1.5) },
};
const floatOps = Object.keys(oracles) as (keyof typeof oracles)[];

const constants: Partial<Record<UnaryOp, Constants>> = { step: { alpha: 0.25 }, clip: { alpha: -0.75, beta: 1.5 } };

const special = [
  ...[0, -0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 3.5, NaN, Infinity, -Infinity],
  ...[1e-45, -1e-45, 1.17549435e-38, -1.17549435e-38, 3.4028235e38, -3.4028235e38, 8388607.5, 16777217, -8388609],
  ...[
    88.72283, 88.72284, 89, 100, -87.33654, -87.4, -103.97, -103.98, -104, -150, 1e-20, -1e-20, 0.70710677, 0.7071068,
  ],
];

/** Every 60013th float32, of either sign: all exponents, subnormal numbers, and NaN. */
const everywhere = new Float32Array(Uint32Array.from({ length: 2 ** 32 / 60013 }, (_, i) => i * 60013).buffer);

/** Numbers of the magnitude at which nothing overflows or vanishes. */
const ordinary = Float32Array.from({ length: 50_001 }, (_, i) => (i - 25_000) / 1000 + 1 / 3);

function apply(engine: Engine, op: UnaryOp, x: ArrayLike<number>): Float32Array {
  const block = place(engine);
  const [from, out] = [block.floats(x), block.empty(x.length)];
  unary(engine, op, { x: from.at, out: out.at, length: x.length, ...constants[op] });
  const result = out.read();
  block.free();
  return result;
}

/** In units in the last place of the float32 nearest to what it should be; NaN and infinities must match. */
function unitsOff(actual: number, exact: number): number {
  const nearest = Math.fround(exact);
  if (!Number.isFinite(nearest)) return Object.is(actual, nearest) ? 0 : Infinity;
  const unit = 2 ** (Math.floor(Math.log2(Math.max(Math.abs(nearest), 2 ** -126))) - 23);
  return Math.abs(actual - exact) / unit;
}

function worst(actual: Float32Array, x: Float32Array, of: (x: number) => number): { units: number; at: number } {
  let [units, at] = [0, NaN];
  for (let i = 0; i < actual.length; i++) {
    const off = unitsOff(actual[i]!, of(x[i]!));
    if (!(off <= units)) [units, at] = [off, x[i]!];
  }
  return { units, at };
}

describe.each(engines.all)("unary, $name", ({ engine }) => {
  it.each(floatOps)("%s of special values is JavaScript's", (op) => {
    const x = Float32Array.from(special);
    const { exact, of } = oracles[op];
    const actual = apply(engine, op, x);
    x.forEach((value, i) => {
      const expected = Math.fround(of(value));
      if (exact) expect([value, actual[i]]).toEqual([value, expected]);
      else expect(unitsOff(actual[i]!, of(value)), `${op}(${value}) = ${actual[i]}`).toBeLessThan(2.5);
    });
  });

  it.each(floatOps)("%s over all of float32", (op) => {
    const { exact, of } = oracles[op];
    for (const x of [everywhere, ordinary]) {
      const { units, at } = worst(apply(engine, op, x), x, of);
      expect(units, `${op}(${at})`).toBeLessThanOrEqual(exact ? 0.5 : 2.5);
    }
  });

  it.each(floatOps)("%s of every length, alone and in place, writes what it should and no more", (op) => {
    for (const length of [0, 1, 2, 3, 4, 5, 7, 17, 33, 1000]) {
      const block = place(engine);
      const x = block.floats(ordinary.subarray(24_000, 24_000 + length + 1));
      const out = block.empty(length + 1);
      const options = { length, ...constants[op] };
      unary(engine, op, { x: x.at, out: out.at, ...options });
      const result = out.read();
      expect(result[length]).toBeNaN();
      const { units } = worst(result.subarray(0, length), x.data, oracles[op].of);
      expect(units).toBeLessThanOrEqual(oracles[op].exact ? 0.5 : 2.5);
      unary(engine, op, { x: x.at, out: x.at, ...options });
      expect(x.read().subarray(0, length)).toEqual(result.subarray(0, length));
      expect(x.read()[length]).toBe(x.data[length]);
      block.free();
    }
  });

  it("gives an element the same bits wherever it stands", () => {
    for (const op of floatOps) {
      const shifted = apply(engine, op, ordinary.subarray(1));
      expect(sameBits(shifted, apply(engine, op, ordinary).subarray(1)), op).toBe(true);
    }
  });

  it("converts to int32 toward zero, saturated, NaN to 0, and back", () => {
    const values = [0, -0, 0.9, -0.9, 1.5, -1.5, 2147483520, 2147483648, 1e10, -2147483648, -1e10, NaN, Infinity];
    const integers = [0, 0, 0, 0, 1, -1, 2147483520, 2147483647, 2147483647, -2147483648, -2147483648, 0, 2147483647];
    const block = place(engine);
    const [x, out] = [block.floats(values), block.emptyInts(values.length)];
    unary(engine, "toInt32", { x: x.at, out: out.at, length: values.length });
    expect([...out.read()]).toEqual(integers);
    unary(engine, "fromInt32", { x: out.at, out: x.at, length: values.length });
    expect([...x.read()]).toEqual(integers.map(Math.fround));
    block.free();
  });

  it("has 0 for step's default", () => {
    const block = place(engine);
    const x = block.floats([-1, 0, 2]);
    unary(engine, "step", { x: x.at, out: x.at, length: 3 });
    expect([...x.read()]).toEqual([0, 0, 1]);
    block.free();
  });

  it("says what it cannot do", () => {
    const at = { x: 0, out: 0, length: 1 };
    expect(() => unary(engine, "cosh" as UnaryOp, at)).toThrow('unknown unary op "cosh"; allowed: neg, abs');
    expect(() => unary(engine, "neg", { ...at, length: -1 })).toThrow(UsageError);
    expect(() => unary(engine, "clip", { ...at, alpha: 1 })).toThrow("alpha=1 .. beta=undefined");
    expect(() => unary(engine, "clip", { ...at, alpha: 1, beta: 0 })).toThrow(UsageError);
    expect(() => unary(engine, "clip", { ...at, alpha: NaN, beta: 0 })).toThrow(UsageError);
  });

  it("leaves memory as it found it", () => {
    const before = [engine.liveBytes, engine.liveBlocks];
    for (const op of floatOps) apply(engine, op, ordinary);
    expect([engine.liveBytes, engine.liveBlocks]).toEqual(before);
  });
});

describe("unary", () => {
  it.each(unaryOps)("%s gives the same bits on one thread, two threads and memory that is not shared", (op) => {
    const [first, ...others] = engines.sameBuild.map(({ engine }) => apply(engine, op, ordinary));
    for (const other of others) expect(sameBits(other, first!)).toBe(true);
  });
});
