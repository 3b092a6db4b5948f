import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

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
      {
        root,
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: {
          name: "node",
          environment: "node",
          // A guard against hanging, with room for a slow machine that does other things; not a measure of speed.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          env: softwareGpu(process.env),
          include: [
            "packages/*/{src,test,assembly}/**/*.test.ts",
            "test/**/*.test.ts",
            "tools/**/*.test.ts",
            "benchmarks/**/*.test.ts",
            "examples/custom-*/*.test.ts",
          ],
        },
      },
    ],
  },
});
