/**
 * The interpreter of the inference schema: the equations are in packed/schema.ts, and nothing here depends on which variant
 * or quantizer made an SAE.
 */
import type { Latents } from "../latents.ts";
import { dequantizeMatrix } from "../packed/dequantize.ts";
import type { PackedSae } from "../packed/schema.ts";
import { decodeTokens } from "./decode.ts";
import { interpretTokens } from "./interpret.ts";
import { levelAt, saeOutline, tokensIn } from "./outline.ts";
import { prepareSae } from "./prepare.ts";
import type { Sae } from "./sae.ts";

/** Tokens whose latents `reconstruct` holds at a time. */
const RECONSTRUCT_TOKENS = 1024;

/**
 * Makes an SAE that encodes and decodes, from the bytes of a packed file or from the schema itself. Quantized weights are
 * expanded to float32 once.
 *
 * @param name what errors call it, e.g. the file's name
 * @throws FormatError if the bytes are no packed SAE, UsageError if a PackedSae breaks a rule of the schema
 * @example
 * const sae = loadSae(await readFile("ternary.qsae.safetensors"), "ternary.qsae.safetensors");
 * const latents = sae.encode(activations); // [n, sae.dIn]
 * const reconstruction = sae.decode(latents); // [n, d_in]
 */
export function loadSae(source: Uint8Array | PackedSae, name = "packed SAE"): Sae {
  const sae = prepareSae(source, name);
  const encoders = sae.stages.map(({ encoder }) => dequantizeMatrix(encoder));
  const { dIn } = sae;
  return {
    ...saeOutline(sae),
    encode(x) {
      tokensIn(x, dIn, "encode");
      return interpretTokens(sae, encoders, x);
    },
    reconstruct(x, { levels } = {}) {
      const level = levelAt(sae, levels);
      const tokens = tokensIn(x, dIn, "reconstruct");
      const out = new Float32Array(x.length); // [n, d_in]
      for (let first = 0; first < tokens; first += RECONSTRUCT_TOKENS) {
        const part = [first * dIn, Math.min(first + RECONSTRUCT_TOKENS, tokens) * dIn] as const;
        const latents: Latents = interpretTokens(sae, encoders, x.subarray(...part), first);
        decodeTokens(sae, latents, level, x.subarray(...part), out.subarray(...part));
      }
      return out;
    },
  };
}
