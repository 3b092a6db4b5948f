import { expect, it } from "vitest";
import { isSoftware, nameOf } from "./find-adapter.ts";

const nothing = {
  vendor: "",
  architecture: "",
  device: "",
  description: "",
  isFallbackAdapter: false,
} as GPUAdapterInfo;

it.each<[string, Partial<GPUAdapterInfo>]>([
  ["Dawn and Chromium on SwiftShader", { vendor: "google", architecture: "swiftshader", isFallbackAdapter: true }],
  ["one that says so and nothing else", { isFallbackAdapter: true }],
  ["Mesa's, by its name", { vendor: "mesa", description: "llvmpipe (LLVM 15.0.6, 256 bits)" }],
  ["Windows's, by its name", { description: "Microsoft Basic Render Driver" }],
])("software: %s", (_, info) => {
  expect(isSoftware({ ...nothing, ...info })).toBe(true);
});

it.each<[string, Partial<GPUAdapterInfo>]>([
  ["a GPU", { vendor: "nvidia", architecture: "hopper", description: "NVIDIA H100 80GB HBM3" }],
  ["Apple's", { vendor: "apple", architecture: "common-3", device: "metal-3" }],
  [
    "an implementation from before there was isFallbackAdapter",
    { vendor: "intel", isFallbackAdapter: undefined as never },
  ],
  ["a browser that tells nothing", {}],
])("no software: %s", (_, info) => {
  expect(isSoftware({ ...nothing, ...info })).toBe(false);
});

it("names what is told", () => {
  expect(nameOf({ ...nothing, vendor: "apple", device: "metal-3" })).toBe("apple metal-3");
  expect(nameOf(nothing)).toBe("an adapter that does not say what it is");
});
