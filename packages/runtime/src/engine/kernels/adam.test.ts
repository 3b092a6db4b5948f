import { afterAll, describe, expect, it } from "vitest";

import { UsageError } from "../../errors.ts";
import { bitsOf, gaussian, openEngines, place, relativeError } from "../../../test/engines.ts";
import type { Engine } from "../engine.ts";
import { adam } from "./adam.ts";

const engines = await openEngines();
afterAll(() => engines.close());

const options = { lr: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8 };

function steps(engine: Engine, length: number, count: number, gradientScale?: number) {
  const block = place(engine);
  const [param, m, v] = [
    block.random(length, 1),
    block.floats(new Float32Array(length)),
    block.floats(new Float32Array(length)),
  ];
  for (let step = 1; step <= count; step++) {
    const gradient = block.floats(gaussian(length, 10 + step));
    adam(engine, {
      ...{ param: param.at, m: m.at, v: v.at, gradient: gradient.at, length, step, ...options },
      ...(gradientScale !== undefined && { gradientScale }),
    });
  }
  const result = { param: param.read(), m: m.read(), v: v.read() };
  block.free();
  return result;
}

/** Algorithm 1 of the paper, in float64. */
function oracle(length: number, count: number, scale: number) {
  const param = Float64Array.from(gaussian(length, 1));
  const [m, v] = [new Float64Array(length), new Float64Array(length)];
  for (let t = 1; t <= count; t++) {
    gaussian(length, 10 + t).forEach((raw, i) => {
      const g = raw * scale;
      m[i] = options.beta1 * m[i]! + (1 - options.beta1) * g;
      v[i] = options.beta2 * v[i]! + (1 - options.beta2) * g * g;
      const update = m[i] / (1 - options.beta1 ** t) / (Math.sqrt(v[i] / (1 - options.beta2 ** t)) + options.eps);
      param[i]! -= options.lr * update;
    });
  }
  return { param, m, v };
}

describe.each(engines.all)("adam, $name", ({ engine }) => {
  it.each([0, 1, 3, 4, 5, 16383, 16384, 16385, 40001])("equals algorithm 1 in float64, length %d", (length) => {
    const [result, expected] = [steps(engine, length, 5), oracle(length, 5, 1)];
    for (const name of ["param", "m", "v"] as const) {
      expect(relativeError(result[name], expected[name])).toBeLessThan(1e-6);
    }
  });

  it("scales the gradient first", () => {
    expect(relativeError(steps(engine, 1000, 3, 0.25).v, oracle(1000, 3, 0.25).v)).toBeLessThan(1e-6);
  });

  it("refuses a step before the first", () => {
    const slot = { param: 0, m: 0, v: 0, gradient: 0, length: 0, lr: 1 };
    expect(() => adam(engine, { ...slot, step: 0 })).toThrow(UsageError);
  });
});

describe("adam", () => {
  it("gives the same bits whatever the threads", () => {
    const [first, ...others] = engines.sameBuild.map(({ engine }) => bitsOf(steps(engine, 50_000, 2).param));
    for (const other of others) expect(other).toEqual(first);
  });
});
