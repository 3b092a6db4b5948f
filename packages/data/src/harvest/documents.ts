/**
 * Text in documents of bounded length. A window never spans two documents. Long texts are cut at line ends into documents
 * of about a million characters: tokenizing one takes about two seconds, during which nothing else can happen.
 */
export const DOCUMENT_CHARACTERS = 1 << 20;

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
