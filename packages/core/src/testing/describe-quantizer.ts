/**
 * The conformance suite for weight quantizers: the promises core, the packed file and the training loop rely on
 * (`quantizer-checks.ts`). Run it on a quantizer of your own in a vitest file.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBackend } from "../backends/open-backend.ts";
import type { Backend, BackendName } from "../contracts/backend.ts";
import type { Grid, Quantizer } from "../contracts/quantizer.ts";
import {
  codesInRange,
  gradientsAsDeclared,
  gridUsable,
  idempotent,
  leaksNothing,
  packedWithoutLoss,
  refusesNonFinite,
  refusesPartialGroups,
  sameCodes,
  secondRoundingNoWorse,
  trickyWeights,
  type CheckedQuantizer,
} from "./quantizer-checks.ts";

export interface QuantizerSuiteOptions {
  /** Backends that must agree with `cpu`. Default: `wasm`. */
  readonly backends?: readonly BackendName[];
  /**
   * Why quantizing what is quantized may change it. Absent: it must not. With a reason the suite only wants that the second
   * rounding moves no row further than the first did.
   */
  readonly notIdempotent?: string;
}

const checks: Readonly<Record<string, (checked: CheckedQuantizer) => Promise<readonly string[]>>> = {
  "gives integer codes in its range, one per weight": codesInRange,
  "has a finite grid and positive scales, zero rows included": gridUsable,
  "packs without loss, and the packed weights are those of fake-quantize, bit for bit": packedWithoutLoss,
  "has the declared gradient: straight through to the weights, exact to the scales": gradientsAsDeclared,
  "leaks no tensors": leaksNothing,
  "is not packed with weights that are NaN or infinite": refusesNonFinite,
  "refuses rows that are no multiple of its group": refusesPartialGroups,
};

/**
 * Declares the suite. Rows of the weights it tries have 42 entries, or the next multiple of the group if `per` among the
 * quantizer's options is a number.
 *
 * @example
 * import { describeQuantizer } from "@qsae/core/testing";
 * describeQuantizer(myQuantizer());
 */
export function describeQuantizer<G extends Grid>(own: Quantizer<G>, options: QuantizerSuiteOptions = {}): void {
  const quantizer = own as unknown as Quantizer;
  const { per } = quantizer.options;
  const weights = trickyWeights(typeof per === "number" ? per : 1);
  const { notIdempotent, backends = ["wasm"] } = options;
  const others = backends.filter((name) => name !== "cpu");

  describe(`quantizer ${quantizer.id} ${JSON.stringify(quantizer.options)}`, () => {
    const opened: Partial<Record<BackendName, Backend>> = {};
    beforeAll(async () => {
      for (const name of ["cpu", ...others] as const) opened[name] = await openBackend(name);
    });
    afterAll(async () => {
      for (const backend of Object.values(opened)) await backend.close();
    });
    const checked = (): CheckedQuantizer => ({ quantizer, ops: opened.cpu!.ops, weights });

    it.each(Object.entries(checks))("%s", async (_, check) => {
      expect(await check(checked())).toEqual([]);
    });
    const [claim, check] =
      notIdempotent === undefined
        ? (["rounds weights that lie on its grid to themselves", idempotent] as const)
        : ([`rounds again no worse than at first (${notIdempotent})`, secondRoundingNoWorse] as const);
    it(claim, async () => {
      expect(await check(checked())).toEqual([]);
    });
    it.each(others)("gives the same codes on %s as on cpu", async (name) => {
      expect(await sameCodes(checked(), opened[name]!.ops)).toEqual([]);
    });
  });
}
