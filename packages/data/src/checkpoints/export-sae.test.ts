import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";

import { UsageError } from "@qsae/runtime";
import { describe, expect, it } from "vitest";

import { cfg, F, folderOf, numbers, weights } from "../../test/saelens-folder.ts";
import { temporaryFolder } from "../../test/temporary-folder.ts";
import { exportSae } from "./export-sae.ts";
import { importSae } from "./import-sae.ts";

describe("exportSae", () => {
  it.each(["standard", "topk", "jumprelu"])("writes what importSae reads, for %s", async (architecture) => {
    const tensors =
      architecture === "jumprelu" ? { ...weights, threshold: { shape: [F], data: numbers(F).map(Math.abs) } } : weights;
    const first = await importSae(await folderOf({ ...cfg, architecture, apply_b_dec_to_input: false }, tensors));
    const folder = join(await temporaryFolder(), "a", "exported");
    await exportSae(first, folder);
    const second = await importSae(folder);
    expect(second.spec).toEqual(first.spec);
    expect(second.tensors).toEqual(first.tensors);
    expect(second.provenance).toMatchObject({
      model: "tiny",
      hook: "blocks.1.hook_resid_post",
      imported: basename(folder),
    });
  });

  it("writes the keys that SAELens 6 reads", async () => {
    const folder = await temporaryFolder();
    await exportSae(await importSae(await folderOf(cfg)), folder);
    const written = JSON.parse(await readFile(join(folder, "cfg.json"), "utf8")) as Record<string, unknown>;
    expect(written).toMatchObject({ ...cfg, metadata: { ...cfg.metadata, sae_lens_version: "6.0.0" } });
  });

  it("refuses what the layout cannot hold", async () => {
    const sae = await importSae(await folderOf(cfg));
    const folder = await temporaryFolder();
    const { b_enc: _, ...missing } = sae.tensors;
    for (const [changes, problem] of [
      [{ spec: { ...sae.spec, variant: "ternary" } }, /cannot hold variant "ternary"; supported: baseline/],
      [
        { spec: { ...sae.spec, config: { ...sae.spec.config, activation: "gated" } } },
        /config of variant baseline: activation: /,
      ],
      [{ spec: { ...sae.spec, config: { ...sae.spec.config, k: undefined } } }, /topk without k/],
      [{ tensors: missing }, /tensor "b_enc" is absent; expected float32 \[4\]/],
      [
        { tensors: { ...sae.tensors, b_enc: sae.tensors["b_dec"]! } },
        /tensor "b_enc" is \[3\]; expected float32 \[4\]/,
      ],
    ] as const) {
      await expect(exportSae({ ...sae, ...changes }, folder)).rejects.toThrow(UsageError);
      await expect(exportSae({ ...sae, ...changes }, folder)).rejects.toThrow(problem);
    }
  });
});
