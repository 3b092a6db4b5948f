import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Quantizer } from "@qsae/core";
import { binary } from "./binary.ts";
import { builtinQuantizerNames, quantizerName, quantizerNamePattern, quantizersByName } from "./by-name.ts";
import { centeredInt } from "./centered-int.ts";
import { codebook } from "./codebook.ts";
import { clippedStraightThrough } from "./estimators/clipped-straight-through.ts";
import { learnedStep } from "./estimators/learned-step.ts";
import { int } from "./int.ts";
import { nested } from "./nested.ts";
import { normalFloat } from "./normal-float.ts";
import { residual } from "./residual.ts";
import { shareScale } from "./share-scale.ts";
import { ternary } from "./ternary.ts";
import { twosComplement } from "./twos-complement.ts";

const resolve = quantizersByName();
const data = ({ id, options, codes, dequantize }: Quantizer) => ({ id, options, codes, dequantize });

describe("a quantizer", () => {
  it.each<[string, Quantizer]>([
    ["binary", binary()],
    ["ternary", ternary()],
    ["int4", int(4)],
    ["int4/64", int(4, { per: 64 })],
    ["int4/tensor", int(4, { per: "tensor" })],
    ["int4/absmax", int(4, { fit: "absmax" })],
    ["int4/absmax/64/lsq", learnedStep(int(4, { fit: "absmax", per: 64 }))],
    ["int4/lsq-scaled", learnedStep(int(4), { gradientScale: true })],
    ["centered-int2/16", centeredInt(2, { per: 16 })],
    ["binary/clipped", clippedStraightThrough(binary())],
    ["nf4", normalFloat(4)],
    ["nf4/absmax/64", normalFloat(4, { fit: "absmax", per: 64 })],
    ["nested4", nested(4)],
    ["nested3:0,16,64/8", nested(3, { widthWeights: [0, 16, 64], per: 8 })],
    ["codebook:-1,0,1.5", codebook([-1, 0, 1.5])],
    ["codebook:-1e-7,0.25/64", codebook([-1e-7, 0.25], { per: 64 })],
    ["twos-complement4:1.5", twosComplement(4, 1.5)],
    ["twos-complement8:4/clipped", clippedStraightThrough(twosComplement(8, 4))],
    ["residual2-ternary", residual(ternary(), 2)],
    ["residual3-int2/absmax/64", residual(int(2, { fit: "absmax" }), 3, { per: 64 })],
    [
      "residual16-codebook:-1,1/tensor/clipped",
      clippedStraightThrough(residual(codebook([-1, 1]), 16, { per: "tensor" })),
    ],
  ])("%s is found by its name, and by what files store of it", (name, quantizer) => {
    expect(quantizerName(quantizer)).toBe(name);
    expect(data(resolve(name))).toEqual(data(quantizer));
    expect(data(resolve(quantizer.id, quantizer.options))).toEqual(data(quantizer));
    expect(name).toMatch(new RegExp(quantizerNamePattern));
  });

  it.each([...builtinQuantizerNames])("%s resolves to itself", (name) => {
    expect(quantizerName(resolve(name))).toBe(name);
    expect(name).toMatch(new RegExp(quantizerNamePattern));
  });

  it("of the user comes first, and may share its scales, be a plane and have an estimator too", () => {
    const own = { ...ternary(), id: "mine" };
    const find = quantizersByName([own, { ...binary(), id: "int4" }]);
    expect(find("mine")).toBe(own);
    expect(find("int4").codes).toEqual([0, 1]);
    expect(data(find("mine/64"))).toEqual(data(shareScale(own, 64)));
    expect(data(find("mine", { per: 64, estimator: "lsq" }))).toEqual(data(learnedStep(shareScale(own, 64))));
    expect(data(find("residual2-mine/8"))).toEqual(data(residual(own, 2, { per: 8 })));
    for (const name of ["mine/64/lsq", "residual2-mine/8"]) {
      const { id, options } = find(name);
      expect(quantizerName({ id, options })).toBe(name);
      expect(data(find(id, options))).toEqual(data(find(name)));
    }
  });
});

describe("names that are refused", () => {
  const forms =
    "binary, ternary, int2 .. int8, centered-int2 .. centered-int8, nf2 .. nf8, nested1 .. nested8, codebook:LEVEL,LEVEL,..., twos-complement1:GAMMA .. twos-complement8:GAMMA, residual2-NAME .. residual16-NAME";

  it.each([
    "int9",
    "int04",
    "intx",
    "INT4",
    "int4\n",
    "\n/64",
    "",
    "nf",
    "residual1-ternary",
    "residual2-",
    "residual17-ternary",
    "ternary4",
  ])("%j, with what is allowed", (name) => {
    if (name === "nf") return expect(() => resolve(name)).toThrow("quantizer nf: bits missing; write nf2 .. nf8");
    expect(() => quantizersByName([{ ...ternary(), id: "mine" }])(name)).toThrow(
      `unknown quantizer "${name}"; allowed: ${forms}, mine`,
    );
    expect(name).not.toMatch(new RegExp(quantizerNamePattern));
  });
  it.each(["int4/0", "int4/1", "int4/64/absmax", "int4/", "ternary/absmax", "int4/lsq/64", "twos-complement4:1/64"])(
    "%s, for what is behind the slash",
    (name) => {
      expect(() => resolve(name)).toThrow(`quantizer "${name}": what is behind the slash is not allowed`);
      expect(name).not.toMatch(new RegExp(quantizerNamePattern));
    },
  );
  it.each([
    ["codebook:1,0", "level 1 is 0 after 1; levels must be finite numbers that ascend"],
    ["codebook:1", "1 levels are not allowed; give 2 to 256"],
    ["nested2:1,0", "widthWeights=[1, 0] are not allowed; give 2 finite numbers of at least 0"],
    ["twos-complement4:-1", "gamma=-1 is not allowed"],
  ])("%s, for its numbers", (name, message) => {
    expect(() => resolve(name)).toThrow(message);
  });
  it.each<[string, Record<string, unknown>, string]>([
    ["int", {}, "quantizer int: bits missing; write int2 .. int8, or give { bits }"],
    ["int", { bits: "4" }, 'quantizer int: bits="4" is not allowed; use a number'],
    ["int", { bits: 9 }, "bits=9 is not allowed; use an integer in 2..8"],
    ["int", { bits: 4, gamma: 1 }, "quantizer int: option gamma=1 means nothing; allowed: bits, fit, per, estimator"],
    ["int", { bits: 4, fit: "best" }, 'fit="best" is not allowed; use "least-squares" or "absmax"'],
    ["int", { bits: 4, per: 1 }, "per=1 is not allowed"],
    ["int", { bits: 4, per: "row" }, 'per="row" is not allowed; use "atom", "tensor"'],
    ["int", { bits: 4, estimator: "magic" }, 'estimator="magic" is not allowed; use "clipped", "lsq" or "lsq-scaled"'],
    ["twos-complement", { bits: 4, gamma: 1, per: 8 }, "option per=8 means nothing; allowed: bits, gamma, estimator"],
    ["twos-complement", { bits: 4, gamma: 1, estimator: "lsq" }, "its scale is fixed"],
    ["codebook", { levels: "a,b" }, "level 0 is NaN"],
    ["codebook", { levels: "1,,2" }, "level 1 is NaN after 1"],
    ["codebook", { levels: 3 }, "levels=3 is not allowed; use a string"],
    ["residual", { of: "residual2-binary", depth: 2 }, "is a sum of 2 planes already, and sums do not nest"],
    ["residual", { of: "int9", depth: 2 }, 'unknown quantizer "int9"'],
    ["residual", { of: "int4/64", depth: 2 }, "the scales of int are per 64 already; give { per: 64 } to residual"],
    ["residual", { of: "int4/lsq", depth: 2 }, 'int has the estimator "lsq", which planes do not use'],
    ["residual", { of: "int4", depth: 1 }, "depth=1 is not allowed; use an integer in 2..16"],
    ["residual", { of: "int4", depth: 2, estimator: "lsq" }, "is a sum of 2 planes, which LSQ does not define"],
    ["ternary", { epsilon: 1 }, "option epsilon=1 means nothing; allowed: per, estimator"],
  ])("%s with %j as files may store them", (id, options, message) => {
    expect(() => resolve(id, options)).toThrow(message);
  });

  it("whatever is written, it is found or refused with a UsageError", () => {
    const parts = [
      "int",
      "nf",
      "residual2-",
      "ternary",
      "codebook",
      ":",
      "-1",
      ",",
      "4",
      "/64",
      "/absmax",
      "/lsq",
      "e9",
      "/",
    ];
    const names = fc.array(fc.constantFrom(...parts), { maxLength: 6 }).map((chosen) => chosen.join(""));
    fc.assert(
      fc.property(fc.oneof(names, fc.string()), (name) => {
        try {
          expect(quantizerName(resolve(name))).toBe(quantizerName(resolve(quantizerName(resolve(name)))));
        } catch (error) {
          expect(error).toMatchObject({ name: "UsageError" });
        }
      }),
      { numRuns: 500 },
    );
  });
});
