/** `pnpm build:kernels`: compiles the kernels into src/engine/generated. */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { outputs } from "./outputs.ts";

const folder = fileURLToPath(new URL("../../src/engine/generated/", import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [name, contents] of await outputs()) {
  writeFileSync(`${folder}${name}.ts`, contents);
  console.log(`${name}: ${contents.length} bytes`);
}
