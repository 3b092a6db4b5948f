import { join } from "node:path";

import { FormatError, UsageError } from "@qsae/runtime";
import { expect, it } from "vitest";

import { tinyLm } from "../../test/shared-data.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { readTokenWindows } from "../activations/read-token-windows.ts";
import { harvest } from "./harvest.ts";
import { windowsOfText } from "./windows-of-text.ts";

const texts = [
  "In the beginning God created the heaven and the earth. ".repeat(8),
  "And God said, Let there be light.",
];
const options = { texts, tokenizerDir: tinyLm("."), contextLength: 16 };

it("gives the windows that harvest runs the model on", async () => {
  const outPath = join(await temporaryFolder(), "acts.safetensors");
  await harvest({ ...options, modelPath: tinyLm("model.onnx"), hook: 0, outPath, threads: 1 });
  const windows = await windowsOfText(options);
  expect(windows).toEqual(await readTokenWindows(outPath));
  expect(windows.count).toBeGreaterThan(3);
  expect((await windowsOfText({ ...options, maxWindows: 2 })).ids).toEqual(windows.ids.slice(0, 32));
});

it("refuses text shorter than a window, options out of range, and tokens of another model", async () => {
  await expect(windowsOfText({ ...options, texts: ["short"] })).rejects.toThrow(FormatError);
  await expect(windowsOfText({ ...options, contextLength: 4096 })).rejects.toThrow(/fewer than one window of 4096/);
  await expect(windowsOfText({ ...options, vocabulary: 10 })).rejects.toThrow(/beyond the model's vocabulary of 10/);
  for (const wrong of [{ contextLength: 0 }, { contextLength: 1.5 }, { maxWindows: 0 }, { maxWindows: NaN }]) {
    await expect(windowsOfText({ ...options, ...wrong })).rejects.toThrow(UsageError);
  }
});
