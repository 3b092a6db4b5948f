import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { encodeSafetensors, FormatError, QsaeError, UsageError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { npy } from "../../test/npy.ts";
import { sharedData, tinyLm } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { fileSha256 } from "../files/sha256.ts";
import { readTokenTexts } from "./token-texts.ts";

interface Content {
  readonly tokens?: readonly number[];
  /** Rows of equal length. */
  readonly windows?: readonly (readonly number[])[];
  readonly metadata?: Readonly<Record<string, string>>;
}

function bytesOf({ tokens, windows, metadata }: Content): Uint8Array {
  return encodeSafetensors(
    {
      activations: { shape: [1, 1], data: Float32Array.of(1) },
      ...(tokens && { tokens: { shape: [tokens.length], data: Int32Array.from(tokens) } }),
      ...(windows && {
        windows: { shape: [windows.length, windows[0]!.length], data: Int32Array.from(windows.flat()) },
      }),
    },
    metadata,
  );
}

async function file(content: Content | Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), "acts.safetensors");
  await writeFile(path, content instanceof Uint8Array ? content : bytesOf(content));
  return path;
}

const ABSENT_PARTS = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null };

const heldout = sharedData("gpt", "gpt_heldout20k.f16.safetensors");

describe("readTokenTexts", () => {
  it("numbers each distinct token without a tokenizer", async () => {
    const path = await file({ tokens: [7, 1023, 7, -2] });
    expect(await readTokenTexts(path)).toEqual({
      pieces: ["#7", "#1023", "#-2"],
      tokens: Int32Array.of(0, 1, 0, 2),
      rowsPerWindow: 4,
    });
  });

  it("shows tokens as the tokenizer spells them, with their spaces, and numbers what it does not know", async () => {
    const path = await file({ tokens: [300, 10, 1023, 300, 1024, -1] });
    const { pieces, tokens } = (await readTokenTexts(path, tinyLm(".")))!;
    expect(pieces).toEqual([" in", "\n", "ollow", "#1024", "#-1"]);
    expect([...tokens]).toEqual([0, 1, 2, 0, 3, 4]);
  });

  it("keeps the space that decoders drop at the start of a text, and cuts absurd pieces", async () => {
    const folder = await temporaryFolder();
    const long = "y".repeat(5000);
    const vocab = { "<unk>": 0, "▁the": 1, x: 2, "▁": 3, ",": 4, [long]: 5, "": 6 };
    const tokenizer = {
      model: { type: "BPE", vocab, merges: [], unk_token: "<unk>" },
      decoder: {
        type: "Sequence",
        decoders: [
          { type: "Replace", pattern: { String: "▁" }, content: " " },
          { type: "Fuse" },
          { type: "Strip", content: " ", start: 1, stop: 0 },
        ],
      },
    };
    await writeFile(join(folder, "tokenizer.json"), JSON.stringify({ ...ABSENT_PARTS, ...tokenizer }));
    const { pieces } = (await readTokenTexts(await file({ tokens: [1, 2, 3, 4, 5, 6] }), folder))!;
    expect(pieces).toEqual([" the", "x", " ", ",", `${"y".repeat(127)}…`, "#6"]);
  });

  it("is undefined where there are no tokens", async () => {
    expect(await readTokenTexts(await file({}))).toBeUndefined();
    const path = join(await temporaryFolder(), "acts.npy");
    await writeFile(path, npy([1, 1], Float32Array.of(1)));
    expect(await readTokenTexts(path)).toBeUndefined();
  });

  it("finds how many positions of a window have no row", async () => {
    const windows = [
      [1, 2, 3, 4],
      [1, 5, 6, 7],
    ];
    const rowsPerWindow = async (tokens: number[]) =>
      (await readTokenTexts(await file({ tokens, windows })))!.rowsPerWindow;
    expect(await rowsPerWindow([1, 2, 3, 4, 1, 5, 6, 7])).toBe(4);
    expect(await rowsPerWindow([2, 3, 4, 5, 6, 7])).toBe(3);
    expect(await rowsPerWindow([2, 3, 4, 5])).toBe(3);
    expect(await rowsPerWindow([4, 7])).toBe(1);
    const one = await readTokenTexts(await file({ tokens: [2, 3], windows: [[1, 2, 3, 4]] }));
    expect(one!.rowsPerWindow).toBe(3);
  });

  it("takes the number that the file states", async () => {
    const windows = [[5, 5, 5, 5]];
    const with2 = await file({ tokens: [5, 5], windows, metadata: { drop_first: "2" } });
    expect((await readTokenTexts(with2))!.rowsPerWindow).toBe(2);
    const without = await file({ tokens: [5, 5], windows });
    expect((await readTokenTexts(without))!.rowsPerWindow).toBe(4);
  });

  it.each([
    [[1, 2, 3], [[1, 2]], undefined, /3 tokens, but windows \[1, 2\]: the tokens are not those of the windows/],
    [[2, 4], [[1, 2, 3]], undefined, /not those of the windows/],
    [[1, 2], [[1], [2], [3]], undefined, /not those of the windows/],
    [[2, 3], [[1, 2, 3]], "0", /with the first 0 of every window left out, as its metadata says/],
    [[2, 3], [[1, 2, 3]], "3", /drop_first="3" in its metadata; allowed: 0\.\.2/],
    [[2, 3], [[1, 2, 3]], "-1", /drop_first="-1"/],
    [[2, 3], [[1, 2, 3]], "1e0", /drop_first="1e0"/],
  ])(
    "refuses windows that are not of the tokens: %j in %j, drop_first %s",
    async (tokens, windows, dropFirst, problem) => {
      const path = await file({ tokens, windows, ...(dropFirst && { metadata: { drop_first: dropFirst } }) });
      await expect(readTokenTexts(path)).rejects.toThrow(FormatError);
      await expect(readTokenTexts(path)).rejects.toThrow(problem);
    },
  );

  it("does not compare for ever", async () => {
    // every number of left-out positions fits until the last row
    const windows = { shape: [1, 2_000_000], data: new Int32Array(2_000_000) };
    const tokens = { shape: [500_000], data: new Int32Array(500_000) };
    tokens.data[499_999] = 1;
    const path = await file(encodeSafetensors({ windows, tokens }));
    await expect(readTokenTexts(path)).rejects.toThrow(/not those of the windows/);
  }, 10_000);

  it("refuses the tokenizer of another model", async () => {
    const folder = await temporaryFolder();
    await cp(tinyLm("tokenizer.json"), join(folder, "tokenizer.json"));
    const metadata = { tokenizer_sha256: await fileSha256(join(folder, "tokenizer.json")) };
    expect((await readTokenTexts(await file({ tokens: [300], metadata }), folder))!.pieces).toEqual([" in"]);
    const other = await file({ tokens: [300], metadata: { tokenizer_sha256: "0".repeat(64) } });
    await expect(readTokenTexts(other, folder)).rejects.toThrow(UsageError);
    await expect(readTokenTexts(other, folder)).rejects.toThrow(/were not made with .*tokenizer\.json/);
    expect((await readTokenTexts(other))!.pieces).toEqual(["#300"]);
    await expect(readTokenTexts(other, "absent-folder")).rejects.toThrow(/tokenizer\.json: no such file/);
  });

  it("refuses a file without rows", async () => {
    await expect(readTokenTexts(await file({ tokens: [] }))).rejects.toThrow(/"tokens" is empty/);
  });

  it("ends in a typed error on every truncation and on changed bytes", async () => {
    const whole = bytesOf({ tokens: [2, 3], windows: [[1, 2, 3]], metadata: { drop_first: "1" } });
    for (let length = 0; length < whole.length; length++) {
      await expect(readTokenTexts(await file(whole.subarray(0, length)))).rejects.toThrow(QsaeError);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
        const changed = whole.slice();
        changed[at] = byte;
        const error: unknown = await readTokenTexts(await file(changed)).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(QsaeError);
      }),
      { numRuns: 200 },
    );
  });

  it.skipIf(heldout === undefined)("reads the text of a real file", async () => {
    const { pieces, tokens, rowsPerWindow } = (await readTokenTexts(heldout!, tinyLm(".")))!;
    expect(rowsPerWindow).toBe(127);
    expect(tokens).toHaveLength(20_000);
    const text = Array.from(tokens.subarray(0, 127), (token) => pieces[token]).join("");
    expect(text).toMatch(/[a-z]+ [a-z]+ [a-z]+/);
    expect(pieces.filter((piece) => piece.startsWith("#") && piece.length > 1)).toEqual([]);
  });
});
