/** An SAE from whatever path a person has: the one place where files of different makers become one thing. */
import { basename, dirname, join, resolve } from "node:path";
import { openBackend, type SaeCheckpoint } from "@qsae/core";
import { importSae, OptionsNeededError, readCheckpoint, safetensorsHeaderOf, type ImportSaeOptions } from "@qsae/data";
import { decodePackedSae, encodePackedSae, FormatError, type PackedSae } from "@qsae/runtime";
import { lowerCheckpoint, type VariantCatalog } from "@qsae/variants";
import { kindOfPath } from "./files/kind-of-path.ts";
import { readBytes } from "./files/read-bytes.ts";
import { asPathAdvice, isTorchFile, parseSaePath } from "./files/sae-path.ts";
import { runFiles } from "./runs/run-files.ts";

export interface OpenedSae {
  /** What it was read from. */
  readonly kind: SaeFileKind;
  /** For people: the run's or file's own name. */
  readonly name: string;
  /** The file it was read from. */
  readonly path: string;
  /** The inference form, with quantized weights. */
  readonly packed: PackedSae;
  /** Size of the packed file: of the one on disk, or of the one these weights would make. */
  readonly bytes: number;
  /** Parameters as they are trained; a packed file does not have them. */
  readonly checkpoint?: SaeCheckpoint;
  /** Folder of the training run it comes from. */
  readonly runFolder?: string;
}

/**
 * `packed`: .qsae.safetensors. `checkpoint`: of a training run. `saelens`: sae_weights.safetensors + cfg.json. `reference`: a
 * .pth or .pt file of the Python reference.
 */
export type SaeFileKind = "packed" | "checkpoint" | "saelens" | "reference";

const SAELENS_WEIGHTS = "sae_weights.safetensors";
const SAELENS_CONFIG = "cfg.json";
const EXPECTED =
  "an SAE: a packed file (.qsae.safetensors), a training run (its folder or checkpoint.safetensors), a SAELens folder, or a .pth file of the Python reference";

/**
 * Opens an SAE. A finished run is read from its packed file, an unfinished one from its last checkpoint.
 *
 * @param given a packed file, a run folder, a checkpoint file, a SAELens folder or its weights file, or a .pth file, with what
 * it does not say as in `sae.pth,variant=baseline,k=32`
 * @throws FormatError naming the file that is missing, damaged or something else, and what has to be given with it;
 * UsageError for an unknown variant and options that do not belong
 */
export async function openSae(given: string, catalog: VariantCatalog): Promise<OpenedSae> {
  const { path, options } = parseSaePath(given);
  const { file, kind } = await locate(path);
  const name = nameOf(path);
  const runFolder = dirname(file);
  const isRun = kind !== "reference" && (await kindOfPath(runFiles(runFolder).metrics)) === "file";
  const common = { kind, name, path: file, ...(isRun ? { runFolder } : {}) };
  if (kind === "packed") {
    const bytes = await readBytes(file, EXPECTED);
    return { ...common, packed: decodePackedSae(bytes, file), bytes: bytes.length };
  }
  const checkpoint = kind === "checkpoint" ? (await readCheckpoint(file)).sae : await importForeign(file, options);
  const packed = await lowered(checkpoint, catalog);
  return { ...common, checkpoint, packed, bytes: encodePackedSae(packed).length };
}

/** An SAE of another maker. Throws as `importSae` does; what has to be given is said in the words of the command line. */
async function importForeign(file: string, options: ImportSaeOptions): Promise<SaeCheckpoint> {
  try {
    return await importSae(file, options);
  } catch (error) {
    throw error instanceof OptionsNeededError ? asPathAdvice(error) : error;
  }
}

/** Which file a path means, and what it is. */
export async function locate(path: string): Promise<{ readonly file: string; readonly kind: SaeFileKind }> {
  switch (await kindOfPath(path)) {
    case undefined:
      throw new FormatError(path, `no such file or folder; expected ${EXPECTED}`);
    case "folder": {
      const { packed, checkpoint } = runFiles(path);
      if ((await kindOfPath(packed)) === "file") return { file: packed, kind: "packed" };
      if ((await kindOfPath(checkpoint)) === "file") return { file: checkpoint, kind: "checkpoint" };
      for (const name of [SAELENS_WEIGHTS, SAELENS_CONFIG]) {
        if ((await kindOfPath(join(path, name))) === "file")
          return { file: join(path, SAELENS_WEIGHTS), kind: "saelens" };
      }
      throw new FormatError(path, `no SAE in this folder; expected ${EXPECTED}`);
    }
    case "file":
      return locateFile(path);
  }
}

async function locateFile(path: string): Promise<{ readonly file: string; readonly kind: SaeFileKind }> {
  if (basename(path) === SAELENS_CONFIG) return { file: join(dirname(path), SAELENS_WEIGHTS), kind: "saelens" };
  if (isTorchFile(path)) return { file: path, kind: "reference" };
  const kind = await fileKind(path);
  if (kind === undefined) throw new FormatError(path, `a safetensors file, but no SAE; expected ${EXPECTED}`);
  return { file: path, kind };
}

/**
 * What a `.safetensors` file is, by its header; undefined where it is no SAE.
 *
 * @throws FormatError if it is missing, cut off or no safetensors file
 */
export async function fileKind(path: string): Promise<Exclude<SaeFileKind, "reference"> | undefined> {
  const { metadata, entries } = await safetensorsHeaderOf(path, EXPECTED);
  if ("qsae.format_version" in metadata) return "packed";
  if (metadata["format"] === "qsae-training-checkpoint") return "checkpoint";
  return entries.has("W_enc") && entries.has("W_dec") ? "saelens" : undefined;
}

async function lowered(checkpoint: SaeCheckpoint, catalog: VariantCatalog): Promise<PackedSae> {
  const backend = await openBackend("auto");
  try {
    return await lowerCheckpoint(backend.ops, checkpoint, catalog);
  } finally {
    await backend.close();
  }
}

/** `runs/ternary/` and `runs/ternary/sae.qsae.safetensors` -> `ternary`, `int8.qsae.safetensors` -> `int8`. */
function nameOf(path: string): string {
  const absolute = resolve(path);
  const isPartOfFolder = ["sae.qsae.safetensors", "checkpoint.safetensors", SAELENS_WEIGHTS, SAELENS_CONFIG].includes(
    basename(absolute),
  );
  return isPartOfFolder
    ? basename(dirname(absolute))
    : basename(absolute).replace(/(\.qsae)?\.safetensors$|\.pth$|\.pt$/i, "");
}
