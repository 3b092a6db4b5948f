/** A file opened for positioned reads: any number of readers at once, never more in memory than what is asked for. */
import { open } from "node:fs/promises";

import { FormatError } from "@qsae/runtime";

import { isSystemError, naming } from "./io-error.ts";

export interface OpenFile {
  readonly path: string;
  /** Size when it was opened. */
  readonly bytes: number;
  /**
   * Fills `into` from byte `position` on.
   * @throws FormatError if the file ends before
   */
  read(position: number, into: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** The kernel takes at most 2^31 - 1 bytes in one read. */
const MAX_READ_BYTES = 2 ** 30;

/**
 * @param expected what should be there, for the error when it is not: "activations (.safetensors or .npy)"
 * @throws FormatError if there is no such file or it is a directory, QsaeError if the system refuses
 */
export async function openFile(path: string, expected: string): Promise<OpenFile> {
  const handle = await naming("open it", path, async () => {
    try {
      return await open(path, "r");
    } catch (error) {
      if (isSystemError(error) && (error.code === "ENOENT" || error.code === "ENOTDIR")) {
        throw new FormatError(path, `no such file; expected ${expected}`);
      }
      throw error;
    }
  });
  let bytes: number;
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new FormatError(path, `not a file; expected ${expected}`);
    bytes = stats.size;
  } catch (error) {
    await handle.close();
    throw error;
  }
  return {
    path,
    bytes,
    read: (position, into) =>
      naming("read it", path, async () => {
        for (let filled = 0; filled < into.byteLength;) {
          const length = Math.min(into.byteLength - filled, MAX_READ_BYTES);
          const { bytesRead } = await handle.read(into, filled, length, position + filled);
          if (bytesRead === 0) {
            throw new FormatError(
              path,
              `ends at byte ${position + filled}, ${into.byteLength - filled} bytes early; it was cut off while being read`,
            );
          }
          filled += bytesRead;
        }
      }),
    close: () => handle.close(),
  };
}

/** Opens, uses and closes, whatever happens. */
export async function withFile<T>(path: string, expected: string, use: (file: OpenFile) => Promise<T>): Promise<T> {
  const file = await openFile(path, expected);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
