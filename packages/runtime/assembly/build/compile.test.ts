import { expect, it } from "vitest";

import { committed } from "./committed.fixture.ts";
import { compile, variants } from "./compile.ts";
import { generatedModule, signatureModule } from "./outputs.ts";

// One of four, for compiling takes seconds: that they were made as their line of sources says.
it("the committed simd-single is what the sources compile to", async () => {
  const compiled = await compile(variants.find(({ name }) => name === "simd-single")!);
  expect(generatedModule(compiled) === committed("simd-single")).toBe(true);
  expect(signatureModule(compiled)).toBe(committed("kernels"));
}, 120_000);
