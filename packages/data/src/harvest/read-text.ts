import { FormatError } from "@qsae/runtime";

import { withFile } from "../files/open-file.ts";

const CHUNK_BYTES = 1 << 20;

/** Pieces of a UTF-8 text file, read as they are asked for. @throws FormatError if it is missing or not UTF-8 */
export async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (bytes: Uint8Array, stream: boolean): string => {
    try {
      return decoder.decode(bytes, { stream });
    } catch {
      throw new FormatError(path, "not UTF-8 text; expected plain text in UTF-8");
    }
  };
  let position = 0;
  for (let more = true; more;) {
    const chunk = await withFile(path, "plain text in UTF-8", async (file) => {
      const bytes = new Uint8Array(Math.min(CHUNK_BYTES, Math.max(0, file.bytes - position)));
      await file.read(position, bytes);
      return bytes;
    });
    position += chunk.byteLength;
    more = chunk.byteLength === CHUNK_BYTES;
    const text = decode(chunk, more);
    if (text !== "") yield text;
  }
}
