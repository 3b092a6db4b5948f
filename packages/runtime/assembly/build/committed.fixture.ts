import { readFileSync } from "node:fs";

/** Text of a module that was built from the kernels, as it is in the repository. */
export const committed = (name: string): string =>
  readFileSync(new URL(`../../src/engine/generated/${name}.ts`, import.meta.url), "utf8");
