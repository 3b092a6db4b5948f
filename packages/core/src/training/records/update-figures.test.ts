import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arraySource } from "../../array-source.ts";
import { openBackend } from "../../backends/open-backend.ts";
import type { Backend } from "../../contracts/backend.ts";
import type { GradientRecord } from "../../contracts/reporter.ts";
import type { QuantizedWeights, Variant } from "../../contracts/variant.ts";
import { normals } from "../../random.ts";
import { recorded } from "../run.fixture.ts";

/** Codes -2 .. 2. */
const codes: QuantizedWeights = {
  param: "w",
  latentAxis: 0,
  levels: (ops, { w }) => ops.clipByValue(ops.round(w!), -2, 2),
};

/** Pulls its weights against a constant gradient: L = w . g */
function pulled(start: readonly number[], gradient: readonly number[], more: Partial<Variant> = {}): Variant {
  const size = start.length;
  return {
    id: "pulled",
    config: {},
    dIn: 1,
    dSae: 1,
    init: (ops) => ({ w: ops.tensor(start, [size, 1]) }),
    forward: (ops, { w }, { x }) => ({
      reconstructions: [x],
      losses: { pull: ops.sum(ops.mul(w!, ops.tensor(gradient, [size, 1]))) },
      fired: ops.fill([1], x.shape[0]!),
      latents: x,
    }),
    lower: () => Promise.reject(new Error("never lowered here")),
    ...more,
  };
}

describe("records of an update", () => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend("wasm", { threads: 1 });
  });
  afterAll(() => backend.close());

  const firstStep = async (variant: Variant, lr: number): Promise<GradientRecord> => {
    const training = { steps: 2, batch_size: 4, lr, lr_warmup_steps: 0, lr_decay_fraction: 0 };
    const { events } = await recorded({ backend, variant, source: arraySource(normals(8, 1, 1), 1), training });
    return events[0]!.gradients!["w"]!;
  };

  it("are what can be computed by hand: Adam's first step is lr times the sign of the gradient", async () => {
    // |g| = 5, |w| = 5, and two of three weights move by 0.1
    const { updateRatio, ...rest } = await firstStep(pulled([0, 3, 4], [0, 3, -4]), 0.1);
    expect(rest).toEqual({ norm: 5, zeroShare: 1 / 3 });
    expect(updateRatio).toBeCloseTo((0.1 * Math.SQRT2) / 5, 6);
  });

  it("count codes that change, and those whose sign does", async () => {
    //              1 to 0, -1 stays, 0 to 1, 0 stays, 2 to 1, beyond the range, -1 to 0, 2 stays at its end
    const weights = [0.6, -0.6, 0.4, 0.3, 1.6, 9, -0.6, 2.4];
    const gradient = [1, 1, -1, 1, 1, 1, -1, -1];
    const record = await firstStep(pulled(weights, gradient, { quantized: [codes] }), 0.2);
    expect(record).toMatchObject({ changedCodes: 4 / 8, signFlips: 3 / 8, zeroShare: 0 });
  });

  it("see what constraints do after the optimiser, and gradients as they were corrected", async () => {
    const still: Partial<Variant> = {
      quantized: [codes],
      afterBackward: (ops, _params, { w }) => ({ w: ops.mul(w!, 0) }),
      afterStep: (ops, { w }) => ({ params: { w: ops.neg(w!) } }),
    };
    const record = await firstStep(pulled([1, -1, 0], [1, 1, 1], still), 0.2);
    expect(record).toEqual({ norm: 0, updateRatio: 2, zeroShare: 1, changedCodes: 2 / 3, signFlips: 2 / 3 });
  });

  it("have no ratio where the parameter was zero", async () => {
    expect(await firstStep(pulled([0, 0], [1, 0]), 0.2)).toEqual({ norm: 1, zeroShare: 0.5 });
  });

  it("are finite, with shares from 0 to 1, whatever the numbers", async () => {
    const number = fc.oneof(fc.constant(0), fc.float({ noNaN: true, noDefaultInfinity: true }));
    const rows = fc.array(fc.tuple(number, fc.integer({ min: -9, max: 9 })), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(rows, fc.double({ min: 1e-9, max: 1e9, noNaN: true }), async (pairs, lr) => {
        const [start, gradient] = [pairs.map(([w]) => w), pairs.map(([, g]) => g)];
        const training = { steps: 1, batch_size: 4, lr, lr_warmup_steps: 0 };
        const variant = pulled(start, gradient, { quantized: [codes] });
        const source = arraySource(normals(4, 1, 1), 1);
        const { events } = await recorded({ backend, variant, source, training }).catch(() => ({ events: [] }));
        for (const { gradients } of events) {
          const { norm, updateRatio = 0, zeroShare, changedCodes, signFlips } = gradients!["w"]!;
          for (const value of [norm, updateRatio]) expect(value).toBeGreaterThanOrEqual(0);
          for (const value of [norm, updateRatio]) expect(value).toBeLessThan(Infinity);
          for (const share of [zeroShare, changedCodes!, signFlips!]) {
            expect(share).toBeGreaterThanOrEqual(0);
            expect(share).toBeLessThanOrEqual(1);
          }
          expect(signFlips).toBeLessThanOrEqual(changedCodes!);
          expect(zeroShare).toBe(gradient.filter((g) => g === 0).length / gradient.length);
        }
      }),
      { numRuns: 60 },
    );
  });
});
