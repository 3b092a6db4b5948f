import { describe, expect, it } from "vitest";
import { sharedDomains } from "./shared-domains.ts";

describe("sharedDomains", () => {
  it("spans the values of all SAEs", () => {
    const saes = [
      { name: "a", atomNorms: [1, 2], quantizationError: [0.2, 0.3] },
      { name: "b", atomNorms: [0.5, NaN], quantizationError: [0.6] },
      { name: "c" },
    ];
    expect(sharedDomains(saes)).toEqual({ atomNorm: [0.5, 2], quantizationError: [0, 0.6] });
  });

  it("does not magnify the rounding noise of normalised atoms", () => {
    expect(sharedDomains([{ name: "a", atomNorms: [1, 1 + 1e-7] }]).atomNorm![0]).toBeLessThan(0.96);
  });

  it("is empty where nothing was measured", () => {
    expect(sharedDomains([{ name: "a" }, { name: "b", atomNorms: [] }])).toEqual({});
  });
});
