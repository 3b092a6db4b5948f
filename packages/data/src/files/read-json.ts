import { FormatError } from "@qsae/runtime";

import { withFile } from "./open-file.ts";

/** Reads a whole file that is known to be small; one larger than `maxBytes` is something else and is refused unread. */
function readSmallFile(path: string, expected: string, maxBytes: number): Promise<Uint8Array> {
  return withFile(path, expected, async (file) => {
    if (file.bytes > maxBytes) {
      throw new FormatError(path, `${file.bytes} bytes; expected ${expected} of at most ${maxBytes} bytes`);
    }
    const bytes = new Uint8Array(file.bytes);
    await file.read(0, bytes);
    return bytes;
  });
}

/** Reads and parses JSON. @throws FormatError if the file is missing, too large, not UTF-8 or not JSON */
export async function readJson(path: string, expected: string, maxBytes: number): Promise<unknown> {
  const bytes = await readSmallFile(path, expected, maxBytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    throw new FormatError(path, `not JSON (${(error as Error).message}); expected ${expected}`);
  }
}
