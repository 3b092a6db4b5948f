import type { ImportSaeOptions } from "@qsae/data";
import { UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatSaePath, parseSaePath } from "./sae-path.ts";

describe("parseSaePath", () => {
  it.each<[string, string, ImportSaeOptions]>([
    ["runs/ternary", "runs/ternary", {}],
    ["a.pth", "a.pth", {}],
    ["a.pth,variant=baseline,k=32", "a.pth", { variant: "baseline", k: 32 }],
    ["dir,v=1/B.PT,n_bits=4,gamma=1.5", "dir,v=1/B.PT", { nBits: 4, gamma: 1.5 }],
    ["old.pt,x/a.pth, k = 3", "old.pt,x/a.pth", { k: 3 }],
    // only files of torch have options; other names may have commas
    ["sae,k=3.safetensors", "sae,k=3.safetensors", {}],
    ["sae.safetensors,k=3", "sae.safetensors,k=3", {}],
  ])("%s", (text, path, options) => {
    expect(parseSaePath(text)).toEqual({ path, options });
  });

  it.each([
    ["a.pth,", 'a.pth,: "" after a.pth: expected key=value, e.g. a.pth,variant=baseline,k=32'],
    ["a.pth,k", '"k" after a.pth: expected key=value'],
    ["a.pth,k=", '"k=" after a.pth'],
    ["a.pth,k=1=2", '"k=1=2" after a.pth'],
    ["a.pth,nBits=4", 'unknown option of a.pth "nBits"; allowed: variant, n_bits, gamma, k'],
    ["a.pth,__proto__=4", "unknown option"],
    ["a.pth,k=1,k=2", "k is given twice"],
    ["a.pth,gamma=wide", "gamma=wide is not a number"],
  ])("refuses %s", (text, message) => {
    expect(() => parseSaePath(text)).toThrow(UsageError);
    expect(() => parseSaePath(text)).toThrow(message);
  });

  it("reads what formatSaePath writes", () => {
    const options = fc.record(
      {
        variant: fc.constantFrom("baseline", "binary-latent"),
        nBits: fc.nat(),
        gamma: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
        k: fc.nat(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(options, (given) => {
        expect(parseSaePath(formatSaePath("x/a.pth", given))).toEqual({ path: "x/a.pth", options: given });
      }),
    );
  });
});
