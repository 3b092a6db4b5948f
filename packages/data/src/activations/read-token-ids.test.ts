import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { encodeSafetensors, FormatError, type TensorToWrite } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { npy } from "../../test/npy.ts";
import { sharedData } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { readTokenIds } from "./read-token-ids.ts";

async function file(tensors: Record<string, TensorToWrite>): Promise<string> {
  const path = join(await temporaryFolder(), "acts.safetensors");
  await writeFile(path, encodeSafetensors(tensors));
  return path;
}

const heldout = sharedData("gpt", "gpt_heldout20k.f16.safetensors");

describe("readTokenIds", () => {
  it("reads the token at each row", async () => {
    const path = await file({ tokens: { shape: [3], data: Int32Array.of(5, 0, 1023) } });
    expect(await readTokenIds(path)).toEqual(Int32Array.of(5, 0, 1023));
    const bytes = await file({ tokens: { shape: [2], data: Uint8Array.of(5, 255) } });
    expect(await readTokenIds(bytes)).toEqual(Int32Array.of(5, 255));
  });

  it("is undefined where a file has no tokens", async () => {
    expect(await readTokenIds(await file({ a: { shape: [1, 1], data: Float32Array.of(1) } }))).toBeUndefined();
    const path = join(await temporaryFolder(), "acts.npy");
    await writeFile(path, npy([1, 1], Float32Array.of(1)));
    expect(await readTokenIds(path)).toBeUndefined();
  });

  it("refuses tokens that are not one integer per row", async () => {
    await expect(readTokenIds(await file({ tokens: { shape: [1], data: Float32Array.of(1) } }))).rejects.toThrow(
      /"tokens" is F32 \[1\]; expected one integer per row/,
    );
    await expect(readTokenIds(await file({ tokens: { shape: [1, 1], data: Int32Array.of(1) } }))).rejects.toThrow(
      FormatError,
    );
    await expect(readTokenIds("absent.safetensors")).rejects.toThrow(/absent\.safetensors: no such file/);
  });

  it.skipIf(heldout === undefined)("reads the tokens of a real file", async () => {
    const tokens = await readTokenIds(heldout!);
    expect(tokens).toHaveLength(20_000);
    expect(Math.max(...tokens!)).toBeLessThan(1024);
  });
});
