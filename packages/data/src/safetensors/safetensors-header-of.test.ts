import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { encodeSafetensors, FormatError } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { safetensorsHeaderOf } from "./safetensors-header-of.ts";

describe("safetensorsHeaderOf", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "qsae-header-"));
  });
  afterAll(() => rm(dir, { recursive: true }));

  it("gives names, types, shapes and metadata", async () => {
    const path = join(dir, "a.safetensors");
    const bytes = encodeSafetensors({ a: { shape: [2, 3], data: new Float32Array(6) } }, { made: "here" });
    await writeFile(path, bytes);
    const { entries, metadata } = await safetensorsHeaderOf(path, "a test file");
    expect(metadata).toEqual({ made: "here" });
    expect(entries.get("a")).toMatchObject({ dtype: "F32", shape: [2, 3] });
  });

  it("refuses a missing and a cut-off file by name", async () => {
    await expect(safetensorsHeaderOf(join(dir, "none"), "a test file")).rejects.toThrow(
      /none: no such file; expected a test file/,
    );
    const cut = join(dir, "cut.safetensors");
    await writeFile(cut, new Uint8Array(5));
    await expect(safetensorsHeaderOf(cut, "a test file")).rejects.toThrow(FormatError);
  });
});
