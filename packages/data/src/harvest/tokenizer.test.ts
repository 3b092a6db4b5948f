import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { FormatError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { tinyLm } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { loadTokenizer } from "./tokenizer.ts";

describe("loadTokenizer", () => {
  it.each([
    ["train.txt", 191_549],
    ["heldout.txt", 29_940],
  ])("tokenizes the shipped %s so that decoding gives the same text", async (name, count) => {
    const tokenizer = await loadTokenizer(tinyLm("."));
    const text = await readFile(tinyLm(name), "utf8");
    const { ids } = tokenizer.encode(text, { add_special_tokens: false });
    expect(ids).toHaveLength(count);
    expect(Math.max(...ids.slice(0, 10_000))).toBeLessThan(1024);
    expect(tokenizer.decode(ids)).toBe(text);
  });

  it("does without tokenizer_config.json", async () => {
    const folder = await temporaryFolder();
    await cp(tinyLm("tokenizer.json"), join(folder, "tokenizer.json"));
    const tokenizer = await loadTokenizer(folder);
    expect(tokenizer.decode(tokenizer.encode("In the beginning", { add_special_tokens: false }).ids)).toBe(
      "In the beginning",
    );
  });

  it("names a file that is missing or no tokenizer", async () => {
    const folder = await temporaryFolder();
    await expect(loadTokenizer(folder)).rejects.toThrow(
      /tokenizer\.json: no such file; expected a Hugging Face tokenizer/,
    );
    for (const content of ["", "null", "7", "{}", '{"model": {"type": "BPE"}}', '{"model": 1}']) {
      await writeFile(join(folder, "tokenizer.json"), content);
      await expect(loadTokenizer(folder)).rejects.toThrow(FormatError);
    }
    await cp(tinyLm("tokenizer.json"), join(folder, "tokenizer.json"));
    await writeFile(join(folder, "tokenizer_config.json"), "{");
    await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer_config\.json: not JSON/);
  });
});
