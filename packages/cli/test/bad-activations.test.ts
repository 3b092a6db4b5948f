/** Activations that no figure can be made of: one line that says what is wrong and where, from every command that measures. */
import { writeFile } from "node:fs/promises";
import { encodePackedSae, encodeSafetensors } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { callMain } from "./call-main.ts";
import { exact, nested } from "./packed-saes.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, tinyActivations, writeTinyActivations } from "./tiny-activations.ts";

vi.setConfig({ testTimeout: 60_000 });

const folder = temporaryFolder();
const before = process.cwd();

beforeAll(async () => {
  process.chdir(folder.at());
  for (const [name, sae] of Object.entries({ exact: exact(D_IN), nested: nested(D_IN) })) {
    await writeFile(`${name}.qsae.safetensors`, encodePackedSae(sae));
  }
  const write = (name: string, tokens: number, data: Float32Array) =>
    writeFile(
      `${name}.safetensors`,
      encodeSafetensors({ activations: { shape: [tokens, data.length / tokens || D_IN], data } }),
    );
  await write("one", 1, tinyActivations(1, 1));
  await write("none", 0, new Float32Array(0));
  await write(
    "narrow",
    100,
    new Float32Array(800).map((_, i) => i % 7),
  );
  await write("constant", 100, new Float32Array(100 * D_IN).fill(0.1));
  await write(
    "huge",
    100,
    new Float32Array(100 * D_IN).map((_, i) => (i % 2 === 0 ? 3e38 : -3e38)),
  );
  await writeTinyActivations("nan.safetensors", { tokens: 2000, change: (x) => (x[1234 * D_IN + 5] = NaN) });
  await writeTinyActivations("infinite.safetensors", { tokens: 2000, change: (x) => (x[7 * D_IN] = -Infinity) });
  await writeFile("empty.safetensors", "");
  await writeFile("empty.npy", "");
});
afterAll(() => process.chdir(before));

const commands: Readonly<Record<string, readonly string[]>> = {
  eval: ["eval", "--sae", "exact.qsae.safetensors"],
  analyze: ["analyze", "--sae", "exact.qsae.safetensors", "--reference", "nested.qsae.safetensors", "--out", "x.html"],
  compare: ["compare", "exact.qsae.safetensors", "nested.qsae.safetensors"],
};

describe.each(Object.entries(commands))("qsae %s", (_, command) => {
  it.each<[string, number, RegExp]>([
    ["one.safetensors", 2, /data \(.*one\.safetensors.*\) have 1 tokens; FVU needs at least 2/],
    ["none.safetensors", 1, /none\.safetensors: /],
    ["narrow.safetensors", 2, /width d_in=16, but the data \(.*narrow\.safetensors.*\) have width 8/],
    [
      "constant.safetensors",
      1,
      /constant\.safetensors: fvu: the data have zero variance \(all 100 tokens are the same\), so FVU is undefined/,
    ],
    ["nan.safetensors", 1, /nan\.safetensors: NaN in row 1234, column 5/],
    ["infinite.safetensors", 1, /infinite\.safetensors: -Infinity in row 7, column 0/],
    ["empty.safetensors", 1, /empty\.safetensors: /],
    ["empty.npy", 1, /empty\.npy: /],
    ["absent.npy", 1, /absent\.npy: no such file/],
    ["exact.qsae.safetensors", 1, /exact\.qsae\.safetensors: /],
  ])("%s", async (file, code, says) => {
    const outcome = await callMain([...command, "--data", file, "--json"]);
    expect(outcome).toMatchObject({ code, stdout: "" });
    const lines = outcome.stderr.trimEnd().split("\n");
    // what was measured before it may have shown how far it was
    expect(lines.at(-1)).toMatch(/^error: /);
    expect(lines.slice(0, -1).every((line) => /: \d+ %/.test(line))).toBe(true);
    expect(lines.at(-1)).toMatch(says);
  });
});
