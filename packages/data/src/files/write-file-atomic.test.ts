import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { QsaeError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../../test/temporary-folder.ts";
import { writeFileAtomic } from "./write-file-atomic.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("writeFileAtomic", () => {
  it("writes bytes, making folders as needed, and tells how many", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a", "b", "file");
    expect(await writeFileAtomic(path, bytes("hello"))).toBe(5);
    expect(await readFile(path, "utf8")).toBe("hello");
    expect(await readdir(join(folder, "a", "b"))).toEqual(["file"]);
  });

  it("writes pieces as they come, also empty ones and reused buffers", async () => {
    const path = join(await temporaryFolder(), "file");
    const buffer = bytes("x");
    await writeFileAtomic(
      path,
      (async function* () {
        for (const letter of "abc") {
          buffer[0] = letter.charCodeAt(0);
          yield buffer;
          yield buffer.subarray(1);
        }
      })(),
    );
    expect(await readFile(path, "utf8")).toBe("abc");
  });

  it("replaces what was there", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, "a longer old text");
    await writeFileAtomic(path, bytes("new"));
    expect(await readFile(path, "utf8")).toBe("new");
  });

  it("keeps the old file and leaves nothing behind when the content fails on the way", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "file");
    await writeFile(path, "old");
    const failing = (function* () {
      yield bytes("half of the n");
      throw new RangeError("no more");
    })();
    await expect(writeFileAtomic(path, failing)).rejects.toThrow(RangeError);
    expect(await readFile(path, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("names the file when the system refuses", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "taken"));
    await expect(writeFileAtomic(join(folder, "taken"), bytes("x"))).rejects.toThrow(QsaeError);
    await expect(writeFileAtomic(join(folder, "taken"), bytes("x"))).rejects.toThrow(/taken: cannot write it: E/);
    expect(await readdir(folder)).toEqual(["taken"]);
    await writeFile(join(folder, "plain"), "");
    await expect(writeFileAtomic(join(folder, "plain", "file"), bytes("x"))).rejects.toThrow(QsaeError);
  });

  it("removes what a killed writer of the same file left an hour ago, and nothing else", async () => {
    const folder = await temporaryFolder();
    const long = new Date(Date.now() - 2 * 60 * 60 * 1000);
    for (const name of [".file.0123456789ab.tmp", ".other.0123456789ab.tmp", ".file.notours.tmp"]) {
      await writeFile(join(folder, name), "");
      await utimes(join(folder, name), long, long);
    }
    await writeFile(join(folder, ".file.ba9876543210.tmp"), "of a writer at work");
    await writeFileAtomic(join(folder, "file"), bytes("x"));
    expect((await readdir(folder)).sort()).toEqual(
      [".file.ba9876543210.tmp", ".file.notours.tmp", ".other.0123456789ab.tmp", "file"].sort(),
    );
  });
});
