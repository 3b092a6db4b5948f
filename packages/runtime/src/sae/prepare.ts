/** A packed SAE made ready to compute: weights dequantized once, offsets and levels worked out. */
import { dequantizeMatrix } from "../packed/dequantize.ts";
import { levelsOf, type Level } from "../packed/levels.ts";
import type { PackedSae, PackedStage, Selection } from "../packed/schema.ts";

export interface PreparedSae {
  readonly dIn: number;
  readonly dSae: number;
  readonly inputScale: number;
  readonly signs: Int8Array | undefined;
  /** `[d_in, d_in]` */
  readonly skip: Float32Array | undefined;
  readonly stages: readonly PreparedStage[];
  readonly levels: readonly Level[];
}

export interface PreparedStage {
  readonly dSae: number;
  /** Number of its first latent among those of all stages. */
  readonly start: number;
  readonly input: PackedStage["input"];
  /** `[d_sae, d_in]` */
  readonly encoder: Float32Array;
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

export function prepareSae(sae: PackedSae): PreparedSae {
  const stages: PreparedStage[] = [];
  let start = 0;
  for (const { prefixEnds: _, encoder, dictionary, ...stage } of sae.stages) {
    stages.push({ ...stage, start, encoder: dequantizeMatrix(encoder), dictionary: dequantizeMatrix(dictionary) });
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
  };
}
