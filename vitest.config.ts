import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import { playwright } from "@vitest/browser-playwright";
import { defineConfig, type TestProjectInlineConfiguration } from "vitest/config";

import { CHROMIUM, chromiumHere } from "./tools/chromium.ts";
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
        "apps/*/test/**/*.test.ts",
        "test/**/*.test.ts",
        "tools/**/*.test.ts",
        "benchmarks/**/*.test.ts",
        "examples/custom-*/*.test.ts",
      ]),
      // What computes in a page as it does in Node.
      ...(chromiumHere("backends in a browser")
        ? [inChromium("chromium", ["packages/core/src/backends/backends.test.ts"])]
        : []),
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
      // A worker keeps its process and modules: most of a file's time would be that of loading tfjs and the packages.
      // So a file puts back what it changes, and closes its backends: the next one would be given the same device.
      isolate: false,
      // A guard against hanging, with room for a slow machine that does other things; not a measure of speed.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      env: softwareGpu(process.env),
      include,
    },
  };
}

/** In a page of Chromium with WebGPU on its own driver in software. */
function inChromium(name: string, include: string[]): TestProjectInlineConfiguration {
  return {
    root,
    resolve: { conditions: ["@qsae/source", "module", "browser", "development|production"] },
    // Found by vite only when the test runs, they would make it load the page anew.
    optimizeDeps: { include: ["@qsae/core > @tensorflow/tfjs", "@qsae/core > @tensorflow/tfjs-backend-webgpu"] },
    // With these headers a page has shared memory, and the wasm backend threads.
    server: {
      headers: { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" },
    },
    test: {
      name,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      env: { QSAE_REQUIRE_BACKENDS: process.env["QSAE_REQUIRE_BACKENDS"] ?? "" },
      include,
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        connectTimeout: 180_000,
        provider: playwright({
          launchOptions: {
            executablePath: CHROMIUM,
            args: ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"],
          },
        }),
        instances: [{ browser: "chromium" }],
      },
    },
  };
}
