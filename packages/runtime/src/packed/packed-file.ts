/**
 * The packed file (`.qsae.safetensors`): one safetensors file that any safetensors reader opens. The tensors are listed in
 * packed-tensors.ts; `__metadata__` holds `qsae.format_version` and `qsae.sae`, the structure as JSON (structure-json.ts).
 */
import { FormatError, UsageError } from "../errors.ts";
import { encodeSafetensors } from "../safetensors/encode-safetensors.ts";
import { parseSafetensorsHeader, type SafetensorsHeader } from "../safetensors/header.ts";
import { parseStrictJson, type Fail } from "../strict-json.ts";
import { saeFromTensors, tensorsOfSae } from "./packed-tensors.ts";
import { PACKED_FORMAT_VERSION, type PackedSae } from "./schema.ts";
import { structureFromJson, structureToJson } from "./structure-json.ts";
import { tensorSource } from "./tensor-source.ts";
import { MAX_DESCRIPTION_DEPTH, validatePackedSae } from "./validate-sae.ts";

const VERSION_KEY = "qsae.format_version";
const STRUCTURE_KEY = "qsae.sae";

/** As they are written: "01" is none of them. */
const KNOWN_VERSIONS: readonly string[] = Array.from({ length: PACKED_FORMAT_VERSION }, (_, i) => String(i + 1));

/** Room for the longest lists of prefixes and the largest configurations; the structure itself takes hundreds. */
const STRUCTURE_LIMITS = { maxDepth: MAX_DESCRIPTION_DEPTH + 2, maxValues: 1_000_000 };

/**
 * Encodes an SAE as the bytes of a packed file: the same SAE gives the same bytes.
 *
 * @throws UsageError saying which rule of the schema the SAE breaks
 */
export function encodePackedSae(sae: PackedSae): Uint8Array {
  const fail: Fail = (problem) => {
    throw new UsageError(`encodePackedSae: ${problem}`);
  };
  validatePackedSae(sae, fail);
  const structure = JSON.stringify(structureToJson(sae));
  // A file that its own reader refuses must not be written: surplus fields, "__proto__", configurations without end.
  structureFromJson(parseStrictJson(structure, STRUCTURE_LIMITS, fail), fail);
  return encodeSafetensors(tensorsOfSae(sae), {
    [VERSION_KEY]: String(lowestVersionFor(sae)),
    [STRUCTURE_KEY]: structure,
  });
}

/**
 * Decodes a packed file. Everything is checked: what comes back satisfies the schema and can be run.
 *
 * @param source what errors call the file
 * @returns copies; `bytes` may be reused
 * @throws FormatError if the file is damaged, of an unknown version, or something else than a packed SAE
 */
export function decodePackedSae(bytes: Uint8Array, source: string): PackedSae {
  const fail: Fail = (problem) => {
    throw new FormatError(source, problem);
  };
  const header = parseSafetensorsHeader(bytes, bytes.length, source);
  const json = parseStrictJson(structureText(header, fail), STRUCTURE_LIMITS, fail);
  const tensors = tensorSource(bytes, header, fail);
  const sae = saeFromTensors(structureFromJson(json, fail), tensors);
  tensors.end();
  validatePackedSae(sae, fail);
  const version = Number(header.metadata[VERSION_KEY]);
  if (version < lowestVersionFor(sae)) fail(`mixed matrices came with format version 2; the file says ${version}`);
  return sae;
}

/** @see PACKED_FORMAT_VERSION */
function lowestVersionFor({ stages }: PackedSae): number {
  const mixed = stages.some(({ encoder, dictionary }) => encoder.kind === "mixed" || dictionary.kind === "mixed");
  return mixed ? 2 : 1;
}

function structureText({ metadata, entries }: SafetensorsHeader, fail: Fail): string {
  const version = metadata[VERSION_KEY];
  if (version === undefined) {
    const names = [...entries.keys()].slice(0, 6).join(", ") || "none";
    return fail(
      `a safetensors file, but not a packed SAE (its __metadata__ has no "${VERSION_KEY}"; its tensors: ${names}). ` +
        "Expected a .qsae.safetensors file; SAEs of other makers must be imported and packed first",
    );
  }
  if (!KNOWN_VERSIONS.includes(version)) {
    return fail(
      `packed format version ${JSON.stringify(version)} is unknown; this runtime reads ${KNOWN_VERSIONS.join(" and ")}. ` +
        "Update @qsae/runtime or pack the SAE again",
    );
  }
  return metadata[STRUCTURE_KEY] ?? fail(`its __metadata__ has no "${STRUCTURE_KEY}"`);
}
