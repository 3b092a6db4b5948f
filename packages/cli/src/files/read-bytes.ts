import { readFile } from "node:fs/promises";
import { FormatError, QsaeError } from "@qsae/runtime";

/** A whole file. @throws FormatError if there is none, QsaeError naming it if the system refuses */
export async function readBytes(path: string, expected: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT")
      throw new FormatError(path, `no such file; expected ${expected}`);
    throw new QsaeError(`${path}: cannot read it: ${(error as Error).message}`, { cause: error });
  }
}
