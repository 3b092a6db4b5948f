import { FormatError, QsaeError } from "@qsae/runtime";

import type { OpenFile } from "./open-file.ts";

/** A Blob as a file for positioned reads. @param path what errors call it */
export function blobFile(blob: Blob, path: string): OpenFile {
  return {
    path,
    bytes: blob.size,
    read: async (position, into) => {
      const part = await blob
        .slice(position, position + into.byteLength)
        .arrayBuffer()
        .catch((error: unknown) => {
          // The file on disk has changed or gone since it was chosen.
          throw new QsaeError(`${path}: cannot read it: ${(error as Error).message}; choose it again`, {
            cause: error,
          });
        });
      if (part.byteLength < into.byteLength) {
        const end = position + part.byteLength;
        throw new FormatError(path, `ends at byte ${end}, ${into.byteLength - part.byteLength} bytes early`);
      }
      into.set(new Uint8Array(part));
    },
    close: () => Promise.resolve(),
  };
}
