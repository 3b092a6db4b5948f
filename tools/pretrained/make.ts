/** One pre-trained SAE: trained as its configuration says, what is float in it rounded to int8, measured, written. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { openBackend } from "@qsae/core";
import { writeFileAtomic } from "@qsae/data";
import { int, quantizerName, roundToNearest } from "@qsae/quantizers";
import { decodePackedSae, encodePackedSae, type PackedSae } from "@qsae/runtime";

import { main } from "../../packages/cli/src/main.ts";
import { measure } from "./measure.ts";
import { activationsPath, configPath, packedPath, work } from "./paths.ts";

/** At d_sae 1024, d_in 128 a float side is half a megabyte; int8 is a quarter of it and costs next to nothing. */
const float = int(8);

/** @throws Error if the run does not end well; it has said why */
export const make = async (id: string): Promise<void> => {
  const trained = decodePackedSae(await readFile(await trainedPath(id)), id);
  const rounded = await withoutFloats(trained);
  const metrics = await measure(encodePackedSae(rounded), id, activationsPath("heldout"));
  const file = encodePackedSae({ ...rounded, description: { ...rounded.description, metrics } });
  await writeFileAtomic(packedPath(id), file);
  console.log(`${packedPath(id)}: FVU ${metrics.fvu.toFixed(4)}, L0 ${metrics.l0.toFixed(1)}, ${file.length} bytes`);
};

/** Runs are named by their configurations: one that has ended is not run again, one that was stopped goes on. */
const trainedPath = async (id: string): Promise<string> => {
  const fingerprint = createHash("sha256")
    .update(await readFile(configPath(id)))
    .digest("hex");
  const run = `${work}/${id}-${fingerprint.slice(0, 8)}`;
  const packed = `${run}/sae.qsae.safetensors`;
  if (existsSync(packed)) return packed;
  const resume = existsSync(`${run}/checkpoint.safetensors`) ? ["--resume"] : [];
  const code = await main(["train", "--config", configPath(id), "--out", run, ...resume]);
  if (code !== 0)
    throw new Error(`training ${id} ended with ${code}; pnpm pretrained goes on from its last checkpoint`);
  return packed;
};

const withoutFloats = async (sae: PackedSae): Promise<PackedSae> => {
  const isFloat = (side: "encoder" | "dictionary"): boolean =>
    sae.stages.every((stage) => stage[side].kind === "float32");
  const sides = (["encoder", "dictionary"] as const).filter(isFloat);
  const backend = await openBackend("auto");
  try {
    const rounded = await roundToNearest(backend.ops, sae, Object.fromEntries(sides.map((side) => [side, float])));
    const said = sides
      .map((side) => `${side === "encoder" ? "encoder" : "decoder"} ${quantizerName(float)}`)
      .join(", ");
    const provenance = {
      ...sae.description.provenance,
      model: "examples/tiny-lm",
      hook: "blocks.1",
      command: `pnpm pretrained ${sae.description.variant}`,
      ...(said === "" ? {} : { rounded: said }),
    };
    return { ...rounded, description: { ...sae.description, provenance } };
  } finally {
    await backend.close();
  }
};
