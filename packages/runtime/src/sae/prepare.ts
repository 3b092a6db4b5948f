/** A packed SAE made ready to compute: checked, dictionaries dequantized once, offsets and levels worked out. */
import { UsageError } from "../errors.ts";
import { dequantizeMatrix } from "../packed/dequantize.ts";
import { levelsOf, type Level } from "../packed/levels.ts";
import { decodePackedSae } from "../packed/packed-file.ts";
import type { PackedDescription, PackedMatrix, PackedSae, PackedStage, Selection } from "../packed/schema.ts";
import { validatePackedSae } from "../packed/validate-sae.ts";

export interface PreparedSae {
  readonly dIn: number;
  readonly dSae: number;
  readonly inputScale: number;
  readonly signs: Int8Array | undefined;
  /** `[d_in, d_in]` */
  readonly skip: Float32Array | undefined;
  readonly stages: readonly PreparedStage[];
  readonly levels: readonly Level[];
  readonly description: PackedDescription;
}

export interface PreparedStage {
  readonly dSae: number;
  /** Number of its first latent among those of all stages. */
  readonly start: number;
  readonly input: PackedStage["input"];
  /** `[d_sae, d_in]`, as it is stored: who computes scores wants it in a layout of his own. */
  readonly encoder: PackedMatrix;
  /** `[d_sae]` */
  readonly bEnc: Float32Array;
  readonly subtractBDec: boolean;
  readonly selection: Selection;
  /** `[d_sae, d_in]` */
  readonly dictionary: Float32Array;
  /** `[d_in]` */
  readonly bDec: Float32Array;
  readonly outputWeight: number;
}

/**
 * @param source the bytes of a packed file, or the schema itself
 * @param name what errors call it
 * @throws FormatError if the bytes are no packed SAE, UsageError if a PackedSae breaks a rule of the schema
 */
export function prepareSae(source: Uint8Array | PackedSae, name: string): PreparedSae {
  const sae = source instanceof Uint8Array ? decodePackedSae(source, name) : checked(source, name);
  const stages: PreparedStage[] = [];
  let start = 0;
  for (const { prefixEnds: _, dictionary, ...stage } of sae.stages) {
    stages.push({ ...stage, start, dictionary: dequantizeMatrix(dictionary) });
    start += stage.dSae;
  }
  return {
    dIn: sae.dIn,
    dSae: start,
    inputScale: sae.inputScale ?? 1,
    signs: sae.rotation?.signs,
    skip: sae.skip,
    stages,
    levels: levelsOf(sae),
    description: sae.description,
  };
}

function checked(sae: PackedSae, name: string): PackedSae {
  validatePackedSae(sae, (problem) => {
    throw new UsageError(`${name}: ${problem}`);
  });
  return sae;
}
