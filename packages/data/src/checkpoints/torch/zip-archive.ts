/**
 * Zip archives as torch writes them: entries are stored, not compressed, so no entry can be larger than the file. The
 * central directory is read by yauzl (zip64 included); what it says is checked against the file and the checksums.
 */
import { constants } from "node:buffer";

import { FormatError, QsaeError } from "@qsae/runtime";
import crc32 from "crc/crc32";
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";

import type { OpenFile } from "../../files/open-file.ts";

export interface ZipArchive {
  readonly names: readonly string[];
  /** Size of an entry in bytes; undefined where there is none of this name. */
  size(name: string): number | undefined;
  /** @throws FormatError if there is no such entry, or it is damaged */
  read(name: string): Promise<Uint8Array>;
}

/** Tensors and a few files. */
const MAX_ENTRIES = 1 << 17;

/** @throws FormatError naming the file, and the entry where it is one entry's fault */
export async function openZip(file: OpenFile): Promise<ZipArchive> {
  const zip = await naming(file, () =>
    fromRandomAccessReaderPromise(new FileReader(file), file.bytes, { autoClose: false }),
  );
  if (zip.entryCount > MAX_ENTRIES) {
    throw new FormatError(file.path, `a zip archive of ${zip.entryCount} entries; at most ${MAX_ENTRIES} are read`);
  }
  const entries = await naming(file, async () => {
    const found = new Map<string, Entry>();
    let total = 0;
    for await (const entry of zip.eachEntry()) {
      checkEntry(file, entry);
      // Entries that share bytes would make a small file large.
      total += entry.compressedSize;
      if (total > file.bytes) throw entryError(file, entry.fileName, "with those before it is larger than the file");
      if (found.has(entry.fileName)) throw entryError(file, entry.fileName, "is there twice");
      found.set(entry.fileName, entry);
    }
    return found;
  });
  return {
    names: [...entries.keys()],
    size: (name) => entries.get(name)?.uncompressedSize,
    read: async (name) => {
      const entry = entries.get(name);
      if (entry === undefined) throw entryError(file, name, "is missing");
      const { fileDataStart } = await naming(file, () => zip.readLocalFileHeaderPromise(entry, { minimal: true }));
      const bytes = Buffer.allocUnsafeSlow(entry.compressedSize);
      await file.read(fileDataStart, bytes);
      if (crc32(bytes) !== entry.crc32) {
        throw entryError(
          file,
          name,
          "does not match its checksum: the file is damaged, or was saved after torch.serialization.set_crc32_options(False)",
        );
      }
      return bytes;
    },
  };
}

function checkEntry(file: OpenFile, entry: Entry): void {
  if (entry.isEncrypted()) throw entryError(file, entry.fileName, "is encrypted");
  if (entry.compressionMethod !== 0) {
    throw entryError(
      file,
      entry.fileName,
      "is compressed, which torch.save never does; save the file again with torch",
    );
  }
  if (entry.compressedSize > constants.MAX_LENGTH) {
    throw entryError(
      file,
      entry.fileName,
      `has ${entry.compressedSize} bytes; at most ${constants.MAX_LENGTH} are read`,
    );
  }
}

function entryError(file: OpenFile, name: string, problem: string): FormatError {
  return new FormatError(file.path, `entry ${JSON.stringify(name.slice(0, 200))} of the zip archive ${problem}`);
}

/** yauzl reports what is wrong with an archive as plain errors. */
async function naming<T>(file: OpenFile, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof QsaeError || !(error instanceof Error)) throw error;
    throw new FormatError(file.path, `not a zip archive, or a damaged one: ${error.message}`);
  }
}

class FileReader extends RandomAccessReader {
  constructor(private readonly file: OpenFile) {
    super();
  }

  override read(
    into: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    if (position + length > this.file.bytes) {
      callback(new Error(`${length} bytes at ${position} are beyond the end of the file`));
      return;
    }
    this.file.read(position, into.subarray(offset, offset + length)).then(() => callback(null), callback);
  }
}
