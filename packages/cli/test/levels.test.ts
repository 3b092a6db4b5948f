/** Hierarchical SAEs: what their first levels do and weigh, in every place that shows an SAE. */
import { readFile, writeFile } from "node:fs/promises";
import type { LevelSummary } from "@qsae/analysis";
import { bitsPerWeight, encodePackedSae, loadSae, sizeByLevel, type PackedSae } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callMain } from "./call-main.ts";
import { nested, stackOfTwo } from "./packed-saes.ts";
import { jsonOf } from "./run-cli.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { D_IN, tinyActivations, writeTinyActivations } from "./tiny-activations.ts";

const folder = temporaryFolder();
const before = process.cwd();
const TOKENS = 300;

const saes = { "stack of two stages": stackOfTwo(D_IN), "nested prefixes": nested(D_IN) };
const fileOf = (name: string): string => `${name.replaceAll(" ", "-")}.qsae.safetensors`;

beforeAll(async () => {
  process.chdir(folder.at());
  await writeTinyActivations("heldout.safetensors", { tokens: TOKENS, seed: 2 });
  for (const [name, sae] of Object.entries(saes)) await writeFile(fileOf(name), encodePackedSae(sae));
});
afterAll(() => process.chdir(before));

async function succeed(...args: readonly string[]): Promise<{ stdout: string; json: Record<string, unknown> }> {
  const words = await callMain(args);
  expect(words, words.stderr).toMatchObject({ code: 0 });
  return { stdout: words.stdout, json: jsonOf(await callMain([...args, "--json"])) };
}

/** FVU and L0 with the first m levels, from their definitions. */
function naive(packed: PackedSae, levels: number): { fvu: number; l0: number } {
  const sae = loadSae(packed);
  const x = tinyActivations(TOKENS, 2);
  const reconstruction = sae.reconstruct(x, { levels });
  const mean = Array.from(
    { length: D_IN },
    (_, d) => x.filter((_, i) => i % D_IN === d).reduce((a, b) => a + b) / TOKENS,
  );
  const squares = (of: (i: number) => number) => x.reduce((sum, _, i) => sum + of(i) ** 2, 0);
  const active = sae.encode(x).indices.filter((index) => index < sae.levelEnds[levels - 1]!).length;
  return {
    fvu: squares((i) => x[i]! - reconstruction[i]!) / squares((i) => x[i]! - mean[i % D_IN]!),
    l0: active / TOKENS,
  };
}

describe.each(Object.entries(saes))("%s", (name, packed) => {
  const file = fileOf(name);
  const sizes = sizeByLevel(packed);

  it("eval: a row for every m, the last like the whole", async () => {
    const { json, stdout } = await succeed("eval", "--sae", file, "--data", "heldout.safetensors");
    const levels = json["by_level"] as readonly LevelSummary[];
    expect(levels).toHaveLength(sizes.length);
    for (const [m, level] of levels.entries()) {
      const { fvu, l0 } = naive(packed, m + 1);
      const { latents, bitsPerWeight: bits, bytes } = sizes[m]!;
      expect(level).toMatchObject({ levels: m + 1, latents, bits_per_weight: bits, bytes });
      expect(level.fvu).toBeCloseTo(fvu, 6);
      expect(level.l0).toBeCloseTo(l0, 12);
    }
    expect(levels.at(-1)).toMatchObject({ fvu: json["fvu"], l0: json["l0"], bits_per_weight: json["bits_per_weight"] });
    expect(levels.at(-1)!.bits_per_weight).toBe(bitsPerWeight(packed).total);
    expect(stdout).toMatch(/^levels +FVU +L0 +latents +weight +bytes$/m);
    expect(stdout).toMatch(new RegExp(`^1-${sizes.length} +${levels.at(-1)!.fvu.toFixed(4)} `, "m"));
  });

  it("inspect: what they weigh", async () => {
    const { json, stdout } = await succeed("inspect", file);
    expect(json["by_level"]).toEqual(
      sizes.map(({ latents, bitsPerWeight: bits, bytes }, m) => ({
        levels: m + 1,
        latents,
        bits_per_weight: bits,
        bytes,
      })),
    );
    expect(stdout).toMatch(/^1 +- +- +\d/m);
  });

  it("analyze: the same rows in the report", async () => {
    const { json } = await succeed("analyze", "--sae", file, "--data", "heldout.safetensors", "--out", "report.html");
    const [{ by_level: levels }] = json["saes"] as [{ by_level: readonly LevelSummary[] }];
    expect(levels).toHaveLength(sizes.length);
    const page = await readFile("report.html", "utf8");
    expect(page).toContain("FVU by level");
    for (const { fvu } of levels) expect(page).toContain(fvu.toFixed(4));
  });
});

it("inspect shows what was measured when the file was written", async () => {
  const metrics = {
    fvu: 0.1,
    l0: 5,
    dead: 0,
    tokens: 300,
    fvu_level_1: 0.3,
    l0_level_1: 3,
    fvu_level_2: 0.1,
    l0_level_2: 5,
  };
  await writeFile("measured.qsae.safetensors", encodePackedSae(stackOfTwo(D_IN, metrics)));
  const { json, stdout } = await succeed("inspect", "measured.qsae.safetensors");
  expect(json["by_level"]).toMatchObject([
    { levels: 1, fvu: 0.3, l0: 3 },
    { levels: 2, fvu: 0.1, l0: 5 },
  ]);
  expect(stdout).toMatch(/^1 +0\.3000 +3\.00 +24 /m);
  expect(stdout).toContain("sign, at most 4");
  expect(stdout).not.toContain("fvu_level_1");
});
