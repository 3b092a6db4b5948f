import { bitsPerWeight, decodePackedSae, sizeByLevel, type PackedSae, type Selection } from "@qsae/runtime";
import { levelsTable, MOST_LEVELS, type Level } from "../evaluation/levels-table.ts";
import { storedOfLevel, withoutLevels } from "../evaluation/stored-metrics.ts";
import { readBytes } from "../files/read-bytes.ts";
import { bytes, count } from "../terminal/format.ts";
import { describeMatrix, widthsTable } from "./describe-matrix.ts";
import { factsOf, type Inspection } from "./inspection.ts";

/** A packed file: stages, how each matrix is stored, what the file says about itself. */
export async function inspectPacked(path: string): Promise<Inspection> {
  const file = await readBytes(path, "a packed SAE (.qsae.safetensors)");
  const sae = decodePackedSae(file, path);
  const { variant, config, provenance, metrics } = sae.description;
  const bits = bitsPerWeight(sae);
  const levelCount = sae.stages.reduce((sum, { prefixEnds }) => sum + (prefixEnds?.length ?? 1), 0);
  const levels = levelCount > 1 && levelCount <= MOST_LEVELS ? levelsOf(sae) : [];
  const widths = widthsTable(sae.stages);
  const dSae = sae.stages.reduce((sum, stage) => sum + stage.dSae, 0);
  return {
    json: {
      kind: "packed",
      path,
      bytes: file.length,
      variant,
      d_in: sae.dIn,
      d_sae: dSae,
      bits_per_weight: bits.total,
      encoder_bits: bits.encoder,
      decoder_bits: bits.dictionary,
      stages: stagesOf(sae),
      ...(levels.length > 0 && { by_level: levels }),
      config,
      provenance,
      metrics,
    },
    headline: `packed SAE: ${variant}, ${count(dSae)} latents of width ${count(sae.dIn)}, ${bytes(file.length)}`,
    facts: [...factsOf(withoutLevels(metrics)), ...factsOf(provenance)],
    tables: [
      {
        columns: ["stage", "latents", "fires", "encoder", "decoder"],
        rows: stagesOf(sae).map((stage, i) => [
          String(i + 1),
          count(stage.d_sae),
          stage.selection,
          stage.encoder.quantizer,
          stage.decoder.quantizer,
        ]),
      },
      ...(widths !== undefined ? [widths] : []),
      ...(levels.length > 0 ? [levelsTable(levels)] : []),
    ],
  };
}

/** Sizes by level, and what was measured when the file was written. */
function levelsOf(sae: PackedSae): readonly Level[] {
  return sizeByLevel(sae).map(({ latents, bitsPerWeight: bits, bytes: size }, m) => ({
    levels: m + 1,
    ...storedOfLevel(sae.description.metrics, m + 1),
    latents,
    bits_per_weight: bits,
    bytes: size,
  }));
}

function stagesOf({ stages }: PackedSae) {
  return stages.map(({ dSae, selection, encoder, dictionary }) => ({
    d_sae: dSae,
    selection: describeSelection(selection),
    encoder: describeMatrix(encoder),
    decoder: describeMatrix(dictionary),
  }));
}

function describeSelection(selection: Selection): string {
  if (selection.kind === "topk") return `top ${selection.k}`;
  return selection.kind === "sign" && selection.k !== undefined ? `sign, at most ${selection.k}` : selection.kind;
}
