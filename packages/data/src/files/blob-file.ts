import { FormatError, QsaeError } from "@qsae/runtime";

import type { OpenFile } from "./open-file.ts";

/** A smaller Blob is read once: a shuffled pass asks for thousands of stretches, and each takes a browser half a millisecond. */
const KEPT_BYTES = 128 * 1024 * 1024;

/** A Blob as a file for positioned reads. @param path what errors call it */
export function blobFile(blob: Blob, path: string): OpenFile {
  let kept: Promise<ArrayBuffer> | undefined;
  return {
    path,
    bytes: blob.size,
    read: async (position, into) => {
      const isKept = blob.size <= KEPT_BYTES;
      const part = await (isKept
        ? (kept ??= contentOf(blob, path))
        : contentOf(blob.slice(position, position + into.byteLength), path));
      const bytes = isKept ? new Uint8Array(part).subarray(position, position + into.byteLength) : new Uint8Array(part);
      if (bytes.length < into.byteLength) {
        const missing = into.byteLength - bytes.length;
        throw new FormatError(path, `ends at byte ${position + bytes.length}, ${missing} bytes early`);
      }
      into.set(bytes);
    },
    close: () => {
      kept = undefined;
      return Promise.resolve();
    },
  };
}

async function contentOf(blob: Blob, path: string): Promise<ArrayBuffer> {
  try {
    return await blob.arrayBuffer();
  } catch (error) {
    // The file on disk has changed or gone since it was chosen.
    throw new QsaeError(`${path}: cannot read it: ${(error as Error).message}; choose it again`, { cause: error });
  }
}
