import type { TokenWindows } from "@qsae/core";
import { FormatError, UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import type { TextTokenizer } from "./parse-tokenizer.ts";
import { tokenWindows, type WindowOptions } from "./windows.ts";

/** One token per letter, a = 0. */
const letters: TextTokenizer = {
  encode: (text) => ({ ids: [...text].map((letter) => letter.charCodeAt(0) - 97), tokens: [...text] }),
  decode: (ids) => ids.map((id) => String.fromCharCode(97 + id)).join(""),
};

function windowsOf(
  texts: readonly string[],
  changes: Partial<WindowOptions> = {},
  tokenizer = letters,
): Promise<TokenWindows> {
  const documents = (async function* () {
    yield* texts;
  })();
  const options = { source: "t.txt", context: 3, maxWindows: Infinity, vocabulary: 26, signal: undefined };
  return tokenWindows(documents, tokenizer, { ...options, ...changes });
}

describe("tokenWindows", () => {
  it("cuts every document into windows of its own and drops what is left over", async () => {
    const { ids, count, context } = await windowsOf(["abcdefgh", "xy", "klm"]);
    expect([count, context]).toEqual([3, 3]);
    expect(letters.decode([...ids])).toBe("abcdefklm");
  });

  it("stops reading when it has enough", async () => {
    const read: string[] = [];
    const tokenizer = {
      ...letters,
      encode: (text: string) => (read.push(text), letters.encode(text, { add_special_tokens: false })),
    };
    const { ids, count } = await windowsOf(["abcd", "efghijk", "lmn"], { maxWindows: 2 }, tokenizer);
    expect(count).toBe(2);
    expect(letters.decode([...ids])).toBe("abcefg");
    expect(read).toEqual(["abcd", "efghijk"]);
  });

  it("refuses text that is empty or shorter than a window", async () => {
    await expect(windowsOf([])).rejects.toThrow(/t\.txt: no text/);
    await expect(windowsOf([""])).rejects.toThrow(FormatError);
    await expect(windowsOf(["ab", "c"])).rejects.toThrow(
      /t\.txt: 2 tokens, fewer than one window of 3; .* lower contextLength/,
    );
  });

  it("refuses token ids that the model does not know", async () => {
    await expect(windowsOf(["abcz"], { vocabulary: 25 })).rejects.toThrow(UsageError);
    await expect(windowsOf(["abcz"], { vocabulary: 25 })).rejects.toThrow(
      /token id 25 \("z"\) is beyond the model's vocabulary of 25; the tokenizer belongs to another model/,
    );
    expect((await windowsOf(["abcz"], { vocabulary: undefined })).count).toBe(1);
  });

  it("refuses what a tokenizer has no id for, and one that fails", async () => {
    const holes = { ...letters, encode: () => ({ ids: [undefined as unknown as number], tokens: ["ü"] }) };
    await expect(windowsOf(["abc"], {}, holes)).rejects.toThrow(/no id for "ü"/);
    const failing: TextTokenizer = {
      ...letters,
      encode: () => {
        throw new TypeError("boom");
      },
    };
    await expect(windowsOf(["abc"], {}, failing)).rejects.toThrow(
      new FormatError("t.txt", "the tokenizer fails on this text: boom"),
    );
  });

  it("stops when it is told to", async () => {
    await expect(windowsOf(["abc"], { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
