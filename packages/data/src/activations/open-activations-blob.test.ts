import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { encodeSafetensors, FormatError, QsaeError, UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../../test/temporary-folder.ts";
import { openActivations } from "./open-activations.ts";
import { openActivationsBlob } from "./open-activations-blob.ts";

const ROWS = 100;
const D_IN = 3;
const data = Float32Array.from({ length: ROWS * D_IN }, (_, i) => Math.sin(i));
const bytes = encodeSafetensors({ x: { shape: [ROWS, D_IN], data } });
const blobOf = (content: Uint8Array): Blob => new Blob([Uint8Array.from(content)]);

describe("openActivationsBlob", () => {
  it("gives what openActivations gives of the same file", async () => {
    const path = join(await temporaryFolder(), "x.safetensors");
    await writeFile(path, bytes);
    const options = { from: 10, tokens: 70, shuffleBytes: 240 };
    const [file, blob] = [
      await openActivations(path, options),
      await openActivationsBlob(blobOf(await readFile(path)), "x.safetensors", options),
    ];
    expect({ ...blob, batches: 0, close: 0 }).toEqual({ ...file, batches: 0, close: 0 });
    const batches = { batchSize: 16, seed: 3, epoch: 1 };
    const expected: unknown[] = [];
    for await (const { x, n, rows } of file.batches(batches)) expected.push([[...x], n, [...rows]]);
    const found: unknown[] = [];
    for await (const { x, n, rows } of blob.batches(batches)) found.push([[...x], n, [...rows]]);
    expect(found).toEqual(expected);
    await file.close();
  });

  it("refuses a file cut off anywhere, and names of other kinds", async () => {
    for (let length = 0; length < bytes.length; length++) {
      const opened = openActivationsBlob(blobOf(bytes.subarray(0, length)), "x.safetensors");
      await expect(opened, `${length} bytes`).rejects.toThrow(FormatError);
    }
    for (const name of ["x.pt", "x", ".npy", "x.npy/y"]) {
      await expect(openActivationsBlob(blobOf(bytes), name), name).rejects.toThrow(/unknown kind of file/);
    }
    await expect(openActivationsBlob(blobOf(bytes), "x.npy", { tensor: "x" })).rejects.toThrow(UsageError);
  });

  it("reads a large file piece by piece", async () => {
    const pieces: number[] = [];
    const large = {
      size: 2 ** 40,
      slice: (from: number, to: number) => {
        pieces.push(to - from);
        return blobOf(bytes.subarray(from, to));
      },
      arrayBuffer: () => Promise.reject(new Error("it was read whole")),
    } as unknown as Blob;
    // The head is that of a small file, which the size contradicts.
    await expect(openActivationsBlob(large, "x.safetensors")).rejects.toThrow(FormatError);
    expect(pieces.length).toBeGreaterThan(0);
    expect(Math.max(...pieces)).toBeLessThan(bytes.length);
  });

  it.each([100, 2 ** 40])("says so where a file of %i bytes cannot be read any more", async (size) => {
    const arrayBuffer = (): Promise<never> => Promise.reject(new Error("it has changed"));
    const gone = { size, arrayBuffer, slice: () => ({ arrayBuffer }) } as unknown as Blob;
    const error: unknown = await openActivationsBlob(gone, "x.npy").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(QsaeError);
    expect(String(error)).toMatch(/x\.npy: cannot read it: it has changed; choose it again/);
  });
});
