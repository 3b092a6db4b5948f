import { openBackend } from "@qsae/core";
import { importSae } from "@qsae/data";
import { quantizersByName } from "@qsae/quantizers";
import { decodePackedSae, type PackedSae } from "@qsae/runtime";
import { lowerCheckpoint } from "@qsae/variants";
import { readFile } from "node:fs/promises";

/** A packed file, or the files of another maker. */
export async function openSae(path: string): Promise<PackedSae> {
  if (path.endsWith(".qsae.safetensors")) return decodePackedSae(await readFile(path), path);
  const checkpoint = await importSae(path);
  const backend = await openBackend("auto");
  try {
    return await lowerCheckpoint(backend.ops, checkpoint, { resolveQuantizer: quantizersByName() });
  } finally {
    await backend.close();
  }
}
