/** The shipped SAEs are what their README and they themselves say. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodePackedSae } from "@qsae/runtime";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { harvestOnce } from "./harvest.ts";
import { measure } from "./measure.ts";
import { configPath, folder, packedPath } from "./paths.ts";
import { ids, table, tableInReadme } from "./table.ts";

const MOST_BYTES = 400_000;

let temporary: string;
let heldout: string;
beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "qsae-pretrained-"));
  heldout = join(temporary, "heldout.safetensors");
  await harvestOnce("heldout", heldout);
});
afterAll(() => rm(temporary, { recursive: true }));

it("there is one of every variant, with its configuration, and no other", async () => {
  const files = (await readdir(folder)).filter((name) => name.endsWith(".safetensors"));
  expect(files.sort()).toEqual(ids.map((id) => `${id}.qsae.safetensors`).sort());
  for (const id of ids) expect(existsSync(configPath(id)), id).toBe(true);
});

it("the README has their table", async () => {
  expect(await tableInReadme(), "write it again with: pnpm pretrained").toBe((await table()).trim());
});

it.each(["relu", "jumprelu", "gated"])(
  "%s has no k, and with its default coefficient as many active latents",
  async (id) => {
    const { description } = decodePackedSae(await readFile(packedPath(id)), id);
    expect(description.metrics["l0"]).toBeGreaterThan(16);
    expect(description.metrics["l0"]).toBeLessThan(32);
    const config = JSON.parse(await readFile(configPath(id), "utf8")) as { variant: object };
    expect(config.variant).toEqual({ id, d_sae: 1024 });
  },
);

describe.each(ids)("%s", (id) => {
  it("is small, of that variant's default preset, and does what it says of itself", async () => {
    const file = await readFile(packedPath(id));
    expect(file.length).toBeLessThan(MOST_BYTES);
    const { description } = decodePackedSae(file, id);
    expect(description).toMatchObject({ variant: id, config: { d_in: 128, d_sae: 1024 } });
    expect(description.config["preset"] ?? "default").toBe("default");
    const { fvu, l0, dead, tokens } = await measure(file, id, heldout);
    expect({ dead, tokens }).toEqual({ dead: description.metrics["dead"], tokens: description.metrics["tokens"] });
    // The language model runs in float32, whose last bits depend on the machine; activations are stored as float16.
    expect(fvu).toBeCloseTo(description.metrics["fvu"]!, 4);
    expect(l0).toBeCloseTo(description.metrics["l0"]!, 1);
  });
});
