import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

import { softwareGpu } from "./tools/software-gpu.ts";

const root = fileURLToPath(new URL(".", import.meta.url));
// Tests run from sources: no build is needed first, and coverage and stack traces point at what was written.
const conditions = ["@qsae/source", "node"];

export default defineConfig({
  root,
  test: {
    // vitest leaves one core free by default, which is half of a small machine.
    maxWorkers: availableParallelism(),
    projects: [
      // Beside the code, each about one file of it.
      project("unit", ["packages/*/src/**/*.test.ts"]),
      // Commands, pages and readmes as a person meets them: processes, browsers, compilers, real data.
      project("whole", [
        "packages/*/{test,assembly}/**/*.test.ts",
        "test/**/*.test.ts",
        "tools/**/*.test.ts",
        "benchmarks/**/*.test.ts",
        "examples/custom-*/*.test.ts",
      ]),
    ],
  },
});

function project(name: string, include: string[]): TestProjectInlineConfiguration {
  return {
    root,
    resolve: { conditions },
    ssr: { resolve: { conditions } },
    test: {
      name,
      environment: "node",
      // A guard against hanging, with room for a slow machine that does other things; not a measure of speed.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      env: softwareGpu(process.env),
      include,
    },
  };
}
