/** Files of the Python reference become SAEs that run: importer and variants agree on names, shapes and keys. */
import { fileURLToPath } from "node:url";
import { openBackend } from "@qsae/core";
import { importSae, type ImportSaeOptions } from "@qsae/data";
import { quantizersByName } from "@qsae/quantizers";
import { loadSae } from "@qsae/runtime";
import { lowerCheckpoint } from "@qsae/variants";
import { expect, it } from "vitest";

const files: readonly (readonly [file: string, options: ImportSaeOptions])[] = [
  ["baseline", { variant: "baseline", k: 4 }],
  ["baseline", { variant: "binary-latent" }],
  ["binary", { gamma: 1.5, k: 2 }],
  ["ternary", {}],
  ["quantized_matryoshka", { nBits: 4, gamma: 1.5 }],
  ["residual_quantized", { gamma: 1.5 }],
];

it.each(files)("%s.pth with %o runs", async (file, options) => {
  const path = fileURLToPath(new URL(`../../data/test/fixtures/${file}.pth`, import.meta.url));
  const checkpoint = await importSae(path, options);
  const backend = await openBackend("cpu");
  const packed = await lowerCheckpoint(backend.ops, checkpoint, { resolveQuantizer: quantizersByName() });
  await backend.close();
  const sae = loadSae(packed);
  expect([sae.dIn, sae.dSae]).toEqual([3, 8]);
  const reconstruction = sae.reconstruct(Float32Array.of(0.1, -0.2, 0.3));
  expect([...reconstruction].every(Number.isFinite)).toBe(true);
});
