/// <reference types="@webgpu/types" />
import { afterEach, describe, expect, it, vi } from "vitest";
import { kernelFeatures } from "./kernel-features.ts";

const DOTS = "packed_4x8_integer_dot_product";

describe("kernelFeatures", () => {
  afterEach(() => vi.unstubAllGlobals());

  const found = (language: readonly string[], device: readonly string[], vendor = "acme") => {
    vi.stubGlobal("navigator", { gpu: { wgslLanguageFeatures: new Set(language) } });
    return kernelFeatures({ features: new Set(device) }, { vendor });
  };

  it("uses nothing where there is nothing", () => {
    expect(found([], [])).toEqual({ subgroups: false });
  });

  it("uses subgroups only where a thread can know its own", () => {
    expect(found([], ["subgroups"]).subgroups).toBe(false);
    expect(found(["subgroup_id"], ["subgroups"]).subgroups).toBe(true);
    expect(found(["subgroup_id"], []).subgroups).toBe(false);
  });

  it("codes in 8 bits where the language multiplies four at once", () => {
    expect(found([DOTS], []).coding).toBe("int8");
    expect(found([DOTS], ["shader-f16"], "nvidia").coding).toBe("int8");
  });

  it("codes in f16 where that is what the GPU is good at, or all it has", () => {
    expect(found([DOTS], ["shader-f16"], "apple").coding).toBe("f16");
    expect(found([], ["shader-f16"]).coding).toBe("f16");
    expect(found([DOTS], [], "apple").coding).toBe("int8");
  });
});
