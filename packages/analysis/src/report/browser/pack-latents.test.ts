import { UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";
import type { LatentTable } from "../../latents/latent-table.ts";
import { latentRecords, latentTable, smallText } from "./latents.fixture.ts";
import { packLatents } from "./pack-latents.ts";
import { unpackLatents } from "./page/read-latents.ts";
import { dataOf as opened } from "./page-data.fixture.ts";

describe("packLatents", () => {
  it("is read as it was", async () => {
    const table = latentTable(smallText);
    const data = opened(table);
    expect(data.dSae).toBe(4);
    expect(data.neighbours).toEqual(table.neighbours);
    expect([...data.own.counts]).toEqual([1, 2, 0, 8]);
    expect([...data.own.largest]).toEqual([2, 4, 0, 2]);
    const { texts: _, ...contexts } = table.contexts!;
    expect(data.own.contexts).toEqual(contexts);
    expect(data.own.tokens).toBe(8);
    expect(await unpackLatents(`\n ${packLatents(table)} \n`)).toEqual(data); // as it stands in a page
  });

  it("keeps the tokens that a context shows, and no others", () => {
    const { text } = opened(
      latentTable({ ...smallText, perLatent: 1, firings: [{}, {}, {}, {}, {}, {}, { 0: 1 }, {}] }),
    );
    expect(text).toEqual({
      pieces: [" Cat", " sat", " by"],
      tokens: Int32Array.of(0, 1, 2),
      rows: Int32Array.of(5, 6, 7),
      rowsPerWindow: 4,
      totalRows: 8,
    });
  });

  it("is the same text for the same latents", () => {
    expect(packLatents(latentTable(smallText))).toBe(packLatents(latentTable(smallText)));
  });

  it("does without contexts, and without a reference that has none", () => {
    const { contexts: _, ...bare } = latentTable(smallText);
    const data = opened(bare);
    expect(data.text).toBeUndefined();
    expect(data.own.contexts).toBeUndefined();
    const reference = { name: "float", ...latentRecords(smallText) };
    expect(opened({ ...bare, reference }).reference).toBeUndefined();
    const { contexts: _none, ...bareReference } = reference;
    expect(opened({ ...latentTable(smallText), reference: bareReference }).reference).toBeUndefined();
  });

  it("carries the reference, and the tokens that it shows", () => {
    const reference = { name: "float", ...latentRecords({ ...smallText, firings: [{}, {}, {}, { 2: 1 }] }) };
    const own = latentTable({ ...smallText, firings: [{}, {}, {}, {}, { 0: 3 }] });
    const data = opened({ ...own, reference });
    expect(data.reference!.name).toBe("float");
    expect([...data.reference!.counts]).toEqual([0, 0, 1, 0]);
    expect([...data.reference!.contexts!.rows]).toEqual([3]);
    expect([...data.text!.rows]).toEqual([2, 3, 4, 5]);
  });

  it("carries pieces of any text", () => {
    const words = ["</script>", "\ud800", '"\\', "\u0000", "é—", "🜁", "\u2028"];
    const firings = words.map((_, latent) => ({ [latent]: 1 }));
    const { pieces } = opened(latentTable({ words, firings, dSae: 7 })).text!;
    expect(pieces).toEqual(words);
  });

  it("refuses parts that do not fit each other", () => {
    const table = latentTable(smallText);
    const refused = (change: Partial<LatentTable>): void =>
      expect(() => packLatents({ ...table, ...change })).toThrow(UsageError);
    refused({ largest: [1] });
    refused({ counts: [1, 2, 3, 4, 5] });
    refused({ neighbours: { ...table.neighbours, perLatent: 3 } });
    refused({ contexts: { ...table.contexts!, offsets: Int32Array.of(0, 0) } });
    refused({ contexts: { ...table.contexts!, strengths: new Uint8Array(3) } });
    const other = latentRecords({ ...smallText, words: [...smallText.words, " x"], rowsPerWindow: 9 });
    refused({ reference: { name: "float", ...other } });
    expect(() => packLatents({ ...table, reference: { name: "float", ...other } })).toThrow(
      /other tokens \(9 rows against 8\)/,
    );
  });
});
