import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { FormatError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../../test/temporary-folder.ts";
import { DOCUMENT_CHARACTERS, documentsOf } from "./documents.ts";
import { readText } from "./read-text.ts";

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

describe("documentsOf", () => {
  it("leaves a text of ordinary length whole, however it arrives", async () => {
    expect(await all(documentsOf(["one\ntwo ", "three"]))).toEqual(["one\ntwo three"]);
    expect(await all(documentsOf([]))).toEqual([]);
    expect(await all(documentsOf([""]))).toEqual([]);
  });

  it("cuts a long text at line ends and loses nothing", async () => {
    const text = "a line of text\n".repeat(200_000);
    const documents = await all(documentsOf([text.slice(0, 1_500_000), text.slice(1_500_000)]));
    expect(documents.length).toBe(3);
    expect(documents.join("")).toBe(text);
    for (const document of documents) {
      expect(document.length).toBeLessThanOrEqual(DOCUMENT_CHARACTERS);
      expect(document.endsWith("\n")).toBe(true);
    }
  });

  it("cuts at spaces where there are no lines, and never within a character", async () => {
    const words = await all(documentsOf(["word ".repeat(300_000)]));
    expect(words[0]!.endsWith("word ")).toBe(true);
    const faces = "x" + "😀".repeat(DOCUMENT_CHARACTERS / 2);
    const parts = await all(documentsOf([faces]));
    expect(parts.join("")).toBe(faces);
    for (const part of parts) expect(part).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
  });
});

describe("readText", () => {
  it("reads UTF-8 across its pieces", async () => {
    const path = join(await temporaryFolder(), "text");
    const text = "x" + "ü€😀".repeat(300_000);
    await writeFile(path, text);
    expect((await all(readText(path))).join("")).toBe(text);
  });

  it("gives nothing for an empty file", async () => {
    const path = join(await temporaryFolder(), "text");
    await writeFile(path, "");
    expect(await all(readText(path))).toEqual([]);
  });

  it("names a file that is missing, not UTF-8, or ends within a character", async () => {
    const path = join(await temporaryFolder(), "text");
    await expect(all(readText(path))).rejects.toThrow(/text: no such file; expected plain text/);
    for (const bytes of [
      [0x61, 0xff],
      [0x61, 0xc3],
    ]) {
      await writeFile(path, Uint8Array.from(bytes));
      await expect(all(readText(path))).rejects.toThrow(
        new FormatError(path, "not UTF-8 text; expected plain text in UTF-8"),
      );
    }
  });
});
