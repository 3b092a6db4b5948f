/** Writes the JSON Schema of `qsae.config.json`, which is committed so that editors find it in a clone as in the package. */
import { writeFile } from "node:fs/promises";
import { format } from "prettier";

import { configJsonSchema } from "../packages/cli/src/config/json-schema.ts";
import { root } from "./root.ts";

const path = `${root}packages/cli/schema/qsae.config.schema.json`;
await writeFile(path, await format(JSON.stringify(configJsonSchema()), { filepath: path, printWidth: 120 }));
console.log(`wrote ${path}`);
