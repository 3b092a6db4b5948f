import { createHash } from "node:crypto";

import { withFile } from "./open-file.ts";

const CHUNK_BYTES = 1 << 20;

/** SHA-256 of a file as lower-case hex, read in pieces of 1 MiB. */
export function fileSha256(path: string): Promise<string> {
  return withFile(path, "a file", async (file) => {
    const hash = createHash("sha256");
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let position = 0; position < file.bytes; position += CHUNK_BYTES) {
      const part = chunk.subarray(0, Math.min(CHUNK_BYTES, file.bytes - position));
      await file.read(position, part);
      hash.update(part);
    }
    return hash.digest("hex");
  });
}
