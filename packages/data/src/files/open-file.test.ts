import { mkdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { FormatError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../../test/temporary-folder.ts";
import { openFile, withFile } from "./open-file.ts";
import { readJson } from "./read-json.ts";
import { fileSha256 } from "./sha256.ts";

describe("openFile", () => {
  it("reads at any position, several readers at once", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, "0123456789");
    const texts = await withFile(path, "digits", (file) =>
      Promise.all(
        [7, 0, 4].map(async (position) => {
          const into = new Uint8Array(3);
          await file.read(position, into);
          return Buffer.from(into).toString();
        }),
      ),
    );
    expect(texts).toEqual(["789", "012", "456"]);
  });

  it("names a missing file, a missing folder and a folder, and says what was expected", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "sub"));
    await writeFile(join(folder, "plain"), "");
    for (const name of ["absent", "absent/file", "plain/file"]) {
      await expect(openFile(join(folder, name), "digits")).rejects.toThrow(
        new FormatError(join(folder, name), "no such file; expected digits"),
      );
    }
    await expect(openFile(join(folder, "sub"), "digits")).rejects.toThrow(/sub: not a file; expected digits/);
  });

  it("notices when the file is cut off while it is being read", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, "0123456789");
    await withFile(path, "digits", async (file) => {
      await truncate(path, 6);
      await expect(file.read(4, new Uint8Array(4))).rejects.toThrow(/ends at byte 6, 2 bytes early/);
    });
  });
});

describe("readJson", () => {
  it("refuses what is not JSON, not UTF-8, or too large, naming the file", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "a.json"), "{");
    await expect(readJson(join(folder, "a.json"), "settings", 100)).rejects.toThrow(
      /a\.json: not JSON .*expected settings/,
    );
    await writeFile(join(folder, "b.json"), new Uint8Array([0x22, 0xff, 0x22]));
    await expect(readJson(join(folder, "b.json"), "settings", 100)).rejects.toThrow(FormatError);
    await expect(readJson(join(folder, "a.json"), "settings", 0)).rejects.toThrow(
      /1 bytes; expected settings of at most 0/,
    );
  });
});

describe("fileSha256", () => {
  it("is the digest that other tools give", async () => {
    const path = join(await temporaryFolder(), "file");
    await writeFile(path, "abc"); // FIPS 180-2, appendix B.1
    expect(await fileSha256(path)).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    await writeFile(path, "a".repeat(3_000_000)); // several pieces; by sha256sum
    expect(await fileSha256(path)).toBe("2a152c894398719c0570f83fac34ac03a0f6e8e474b995c2403aa5434f7b9dd4");
  });
});
