import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { encodeSafetensors, FormatError, type TensorToWrite } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { sharedData } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { readTokenWindows } from "./read-token-windows.ts";

async function file(windows: TensorToWrite, name = "windows"): Promise<string> {
  const path = join(await temporaryFolder(), "acts.safetensors");
  await writeFile(path, encodeSafetensors({ [name]: windows }));
  return path;
}

const heldout = sharedData("gpt", "gpt_heldout20k.f16.safetensors");

describe("readTokenWindows", () => {
  it("reads the ids, window by window", async () => {
    const path = await file({ shape: [2, 3], data: Int32Array.of(5, 0, 1023, 7, 7, 7) });
    expect(await readTokenWindows(path)).toEqual({ ids: Int32Array.of(5, 0, 1023, 7, 7, 7), count: 2, context: 3 });
  });

  it("is undefined where a file has none", async () => {
    expect(await readTokenWindows(await file({ shape: [1], data: Int32Array.of(1) }, "tokens"))).toBeUndefined();
    expect(await readTokenWindows("acts.npy")).toBeUndefined();
  });

  it("refuses windows that are none", async () => {
    const refused = readTokenWindows(await file({ shape: [1, 2], data: Float32Array.of(1, 2) }));
    await expect(refused).rejects.toThrow(FormatError);
    await expect(refused).rejects.toThrow(/"windows" is F32 \[1, 2\]; expected integers \[n, context\]/);
    for (const shape of [[2], [1, 2, 1], [0, 2]]) {
      const data = new Int32Array(shape.reduce((size, n) => size * n, 1));
      await expect(readTokenWindows(await file({ shape, data }))).rejects.toThrow(FormatError);
    }
  });

  it.skipIf(heldout === undefined)("reads those of a real file", async () => {
    expect(await readTokenWindows(heldout!)).toMatchObject({ count: 158, context: 128 });
  });
});
