/**
 * Atomic file writes: temporary file in the same folder, fsync, rename, fsync of the folder. At every moment, a crash or a
 * power cut included, the path holds the old content or the new one, whole.
 */
import { randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { naming } from "./io-error.ts";

/** Content of a file, at once or in pieces. */
export type FileContent = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A killed writer cannot remove its temporary file; the next writer of the same path does, once it is this old. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/**
 * Writes `content` to `path`, creating folders as needed. On any failure, also one thrown by the content itself, the
 * temporary file is removed and what was at `path` stays.
 * @returns bytes written
 * @throws QsaeError naming the file if the system refuses (full disk, no permission, ...)
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<number> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.`;
  return naming("write it", path, async () => {
    await mkdir(folder, { recursive: true });
    await removeAbandoned(folder, prefix);
    const temporary = join(folder, `${prefix}${randomBytes(6).toString("hex")}.tmp`);
    let bytes: number;
    try {
      bytes = await writeDurably(temporary, content);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(folder);
    return bytes;
  });
}

async function writeDurably(path: string, content: FileContent): Promise<number> {
  const file = await open(path, "wx");
  try {
    let bytes = 0;
    for await (const chunk of content instanceof Uint8Array ? [content] : content) {
      await file.writeFile(chunk);
      bytes += chunk.byteLength;
    }
    await file.sync();
    return bytes;
  } finally {
    await file.close();
  }
}

async function removeAbandoned(folder: string, prefix: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !/^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length))) continue;
    const path = join(folder, name);
    // Another writer may rename or remove it in between.
    const stats = await stat(path).catch(() => undefined);
    if (stats !== undefined && Date.now() - stats.mtimeMs > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

/** Makes the rename itself durable. Windows cannot open folders and journals renames by itself. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
