/**
 * Text in documents of bounded length. A window never spans two documents. Long texts are cut at line ends into documents
 * of about a million characters: tokenizing one takes about two seconds, during which nothing else can happen.
 */
import { FormatError } from "@qsae/runtime";

import { withFile } from "../files/open-file.ts";

export const DOCUMENT_CHARACTERS = 1 << 20;

const CHUNK_BYTES = 1 << 20;

/** Cuts one text, given in pieces. Nothing is lost: the documents joined are the text. */
export async function* documentsOf(pieces: AsyncIterable<string> | Iterable<string>): AsyncGenerator<string> {
  let pending = "";
  for await (const piece of pieces) {
    pending += piece;
    while (pending.length > DOCUMENT_CHARACTERS) {
      const end = cutBefore(pending, DOCUMENT_CHARACTERS);
      yield pending.slice(0, end);
      pending = pending.slice(end);
    }
  }
  if (pending !== "") yield pending;
}

/** Behind the last line end up to `limit`, else behind the last space, else at the limit, but never within a character. */
function cutBefore(text: string, limit: number): number {
  for (const separator of ["\n", " "]) {
    const at = text.lastIndexOf(separator, limit - 1);
    if (at >= 0) return at + 1;
  }
  const isLowSurrogate = (text.charCodeAt(limit) & 0xfc00) === 0xdc00;
  return isLowSurrogate ? limit - 1 : limit;
}

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
