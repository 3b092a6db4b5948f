import { bitsPerWeight, decodePackedSae, type PackedMatrix, type PackedSae, type Selection } from "@qsae/runtime";
import { quantizerName } from "@qsae/quantizers";
import { readBytes } from "../files/read-bytes.ts";
import { bytes, count } from "../terminal/format.ts";
import { factsOf, type Inspection } from "./inspection.ts";

/** A packed file: stages, how each matrix is stored, what the file says about itself. */
export async function inspectPacked(path: string): Promise<Inspection> {
  const file = await readBytes(path, "a packed SAE (.qsae.safetensors)");
  const sae = decodePackedSae(file, path);
  const { variant, config, provenance, metrics } = sae.description;
  const bits = bitsPerWeight(sae);
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
      config,
      provenance,
      metrics,
    },
    headline: `packed SAE: ${variant}, ${count(dSae)} latents of width ${count(sae.dIn)}, ${bytes(file.length)}`,
    facts: [...factsOf(metrics), ...factsOf(provenance)],
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
    ],
  };
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
  return selection.kind === "topk" ? `top ${selection.k}` : selection.kind;
}

function describeMatrix(matrix: PackedMatrix) {
  const shape = [matrix.rows, matrix.cols];
  return matrix.kind === "float32"
    ? { shape, quantizer: "float32" }
    : { shape, quantizer: quantizerName(matrix.quantizer), codes: matrix.codes, planes: matrix.planes.length };
}
