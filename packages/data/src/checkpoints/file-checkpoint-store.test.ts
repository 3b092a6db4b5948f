import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { TrainingCheckpoint } from "@qsae/core";
import { decodeSafetensors, encodeSafetensors, FormatError, QsaeError } from "@qsae/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { temporaryFolder } from "../../test/temporary-folder.ts";
import { fileCheckpointStore, readCheckpoint } from "./file-checkpoint-store.ts";

const checkpoint: TrainingCheckpoint = {
  sae: {
    spec: { variant: "ternary", config: { d_in: 2, d_sae: 3, nested: { list: [1, "two", null] } } },
    tensors: {
      W_enc: { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, NaN, Infinity, -0) },
      b_dec: { shape: [2], data: Float32Array.of(0.1, 0.2) },
    },
    provenance: { hook: "blocks.1", text: 'with "quotes" and ü' },
  },
  step: 1234,
  state: {
    "adam/m/W_enc": { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
    tokensSinceFired: { shape: [3], data: Int32Array.of(0, 7, 2 ** 31 - 1) },
    mask: { shape: [3], data: Uint8Array.of(0, 1, 255) },
  },
  training: { steps: 4000, lr: 0.001, seed: 0 },
};

async function saved(): Promise<{ readonly folder: string; readonly path: string }> {
  const folder = await temporaryFolder();
  return { folder, path: await fileCheckpointStore(folder).save(checkpoint) };
}

describe("fileCheckpointStore", () => {
  it("gives back everything, bit for bit", async () => {
    const { folder } = await saved();
    expect(await fileCheckpointStore(folder).load()).toStrictEqual(checkpoint);
  });

  it("tells where it wrote, in a folder it makes", async () => {
    const folder = join(await temporaryFolder(), "runs", "a");
    const path = await fileCheckpointStore(folder).save(checkpoint);
    expect(path).toBe(join(folder, "checkpoint.safetensors"));
  });

  it("keeps the last one", async () => {
    const { folder } = await saved();
    const store = fileCheckpointStore(folder);
    await store.save({ ...checkpoint, step: 1235 });
    expect((await store.load())?.step).toBe(1235);
  });

  it("gives undefined where nothing was saved yet", async () => {
    const folder = await temporaryFolder();
    expect(await fileCheckpointStore(folder).load()).toBeUndefined();
    expect(await fileCheckpointStore(join(folder, "absent")).load()).toBeUndefined();
  });

  it("writes a file that any safetensors reader opens", async () => {
    const { path } = await saved();
    const { tensors, metadata } = decodeSafetensors(new Uint8Array(await readFile(path)), path);
    expect(Object.keys(tensors).sort()).toEqual(
      ["param/W_enc", "param/b_dec", "state/adam/m/W_enc", "state/mask", "state/tokensSinceFired"].sort(),
    );
    expect(metadata).toMatchObject({ format: "qsae-training-checkpoint", format_version: "1", step: "1234" });
  });
});

describe("readCheckpoint", () => {
  it("takes the file or the folder of a run", async () => {
    const { folder, path } = await saved();
    expect(await readCheckpoint(path)).toStrictEqual(checkpoint);
    expect(await readCheckpoint(folder)).toStrictEqual(checkpoint);
  });

  it("names what is missing or something else", async () => {
    const folder = await temporaryFolder();
    await expect(readCheckpoint(join(folder, "absent"))).rejects.toThrow(
      /absent: no such file or folder; expected a training/,
    );
    await expect(readCheckpoint(folder)).rejects.toThrow(
      /checkpoint\.safetensors: no such file; expected a training checkpoint/,
    );
    const other = join(folder, "other.safetensors");
    await writeFile(other, encodeSafetensors({}, { format: "qsae-packed" }));
    await expect(readCheckpoint(other)).rejects.toThrow(/format is qsae-packed; expected qsae-training-checkpoint/);
    await writeFile(other, encodeSafetensors({}));
    await expect(readCheckpoint(other)).rejects.toThrow(/format is absent/);
    await mkdir(join(folder, "run", "checkpoint.safetensors"), { recursive: true });
    await expect(fileCheckpointStore(join(folder, "run")).load()).rejects.toThrow(FormatError);
  });

  it("says what is damaged", async () => {
    const { path } = await saved();
    const { metadata } = decodeSafetensors(new Uint8Array(await readFile(path)), path);
    const problem = async (changes: Record<string, string | undefined>, tensor = "param/W"): Promise<string> => {
      const changed = Object.entries({ ...metadata, ...changes }).filter(([, text]) => text !== undefined);
      const tensors = { [tensor]: { shape: [1], data: Float32Array.of(1) } };
      await writeFile(path, encodeSafetensors(tensors, Object.fromEntries(changed) as Record<string, string>));
      const error: unknown = await readCheckpoint(path).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(FormatError);
      return (error as Error).message;
    };
    expect(await problem({ format_version: "2" })).toMatch(
      /version 2; known: 1; read it with the release that wrote it/,
    );
    expect(await problem({ spec: "{" })).toMatch(/damaged training checkpoint: spec in its metadata is not JSON/);
    expect(await problem({ spec: undefined })).toMatch(/damaged training checkpoint: spec: /);
    expect(await problem({ spec: '{"variant":"","config":{}}' })).toMatch(/spec\.variant: /);
    expect(await problem({ step: "-1" })).toMatch(/step: /);
    expect(await problem({ step: "1.5" })).toMatch(/step: /);
    expect(await problem({ training: "[]" })).toMatch(/training: /);
    expect(await problem({ provenance: '{"a":1}' })).toMatch(/provenance\.a: /);
    expect(await problem({}, "W")).toMatch(/tensor "W" is neither param\/\.\.\. nor state\/\.\.\./);
  });

  it("ends in a typed error at every length it may be cut to, and with flipped bytes", async () => {
    const { path } = await saved();
    const whole = await readFile(path);
    for (let length = 0; length < whole.length; length += 3) {
      await writeFile(path, whole.subarray(0, length));
      await expect(readCheckpoint(path)).rejects.toThrow(FormatError);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const damaged = Buffer.from(whole);
        damaged[at]! ^= flip;
        await writeFile(path, damaged);
        const result: unknown = await readCheckpoint(path).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(QsaeError);
      }),
      { numRuns: 300 },
    );
  });
});
