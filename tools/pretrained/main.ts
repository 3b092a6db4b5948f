/**
 * `pnpm pretrained [id ...]`: trains the SAEs of `examples/pretrained/` anew, all of them or those that are named, and writes
 * the table of its README. Stopped and started again it goes on where it was.
 */
import { existsSync } from "node:fs";
import { unknownName } from "@qsae/runtime";

import { harvestOnce } from "./harvest.ts";
import { make } from "./make.ts";
import { activationsPath, packedPath } from "./paths.ts";
import { ids, writeTable } from "./table.ts";

const wanted = process.argv.slice(2);
for (const id of wanted) if (!ids.includes(id)) throw unknownName("variant", id, ids);
for (const part of ["train", "heldout"] as const) await harvestOnce(part, activationsPath(part));
for (const id of wanted.length > 0 ? wanted : ids) await make(id);
if (ids.every((id) => existsSync(packedPath(id)))) await writeTable();
