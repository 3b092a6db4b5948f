// Prints one hash over the names, sizes and times of the test data outside the repository. nx runs this as an input of
// `test`: without it a cached test result would outlive the data it was made from. Plain JavaScript, because nx calls it
// with bare node.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = process.env.QSAE_DATA ?? fileURLToPath(new URL("../../shared/data", import.meta.url));
const hash = createHash("sha256");

if (existsSync(folder)) {
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const { size, mtimeMs } = statSync(join(folder, name));
    hash.update(`${name}\0${size}\0${mtimeMs}\n`);
  }
}
console.log(hash.digest("hex"));
