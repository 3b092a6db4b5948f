/**
 * The interpreter of the inference schema: the equations are in packed/schema.ts, and nothing here depends on which variant
 * or quantizer made an SAE.
 */
import { UsageError } from "../errors.ts";
import type { Latents } from "../latents.ts";
import type { Level } from "../packed/levels.ts";
import { decodePackedSae } from "../packed/packed-file.ts";
import type { PackedSae } from "../packed/schema.ts";
import { validatePackedSae } from "../packed/validate-sae.ts";
import { checkLatents } from "./check-latents.ts";
import { decodeTokens } from "./decode.ts";
import { encodeTokens } from "./encode.ts";
import { fromStageSpace } from "./input-space.ts";
import { prepareSae, type PreparedSae } from "./prepare.ts";
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
 * const reconstruction = sae.decode(latents);
 */
export function loadSae(source: Uint8Array | PackedSae, name = "packed SAE"): Sae {
  const packed = source instanceof Uint8Array ? decodePackedSae(source, name) : checked(source, name);
  const sae = prepareSae(packed);
  const { dIn, dSae } = sae;
  return {
    dIn,
    dSae,
    levels: sae.levels.length,
    levelEnds: sae.levels.map(({ end }) => end),
    description: packed.description,
    encode(x) {
      tokensIn(x, dIn, "encode");
      return encodeTokens(sae, x);
    },
    decode(latents, { levels, x } = {}) {
      const level = levelAt(sae, levels);
      const tokens = checkLatents(latents, dSae);
      if (sae.skip !== undefined) checkSkipInput(x, tokens, dIn);
      const out = new Float32Array(tokens * dIn); // [n, d_in]
      decodeTokens(sae, latents, level, x, out);
      return out;
    },
    reconstruct(x, { levels } = {}) {
      const level = levelAt(sae, levels);
      const tokens = tokensIn(x, dIn, "reconstruct");
      const out = new Float32Array(x.length); // [n, d_in]
      for (let first = 0; first < tokens; first += RECONSTRUCT_TOKENS) {
        const part = [first * dIn, Math.min(first + RECONSTRUCT_TOKENS, tokens) * dIn] as const;
        const latents: Latents = encodeTokens(sae, x.subarray(...part), first);
        decodeTokens(sae, latents, level, x.subarray(...part), out.subarray(...part));
      }
      return out;
    },
    atom: (j) => atomOf(sae, j),
  };
}

function checked(sae: PackedSae, name: string): PackedSae {
  validatePackedSae(sae, (problem) => {
    throw new UsageError(`${name}: ${problem}`);
  });
  return sae;
}

function tokensIn(x: Float32Array, dIn: number, what: string): number {
  if (x.length % dIn !== 0) {
    throw new UsageError(
      `${what}: x has ${x.length} numbers; expected [n, d_in] with d_in = ${dIn}, a multiple of ${dIn}`,
    );
  }
  return x.length / dIn;
}

function levelAt({ levels }: PreparedSae, count = levels.length): Level {
  const level = levels[count - 1];
  if (level === undefined) {
    throw new UsageError(`levels is ${count}; this SAE has levels 1..${levels.length}`);
  }
  return level;
}

function checkSkipInput(x: Float32Array | undefined, tokens: number, dIn: number): void {
  if (x === undefined) {
    throw new UsageError("decode: this SAE has a skip connection; give the activations too: decode(latents, { x })");
  }
  if (x.length !== tokens * dIn) {
    throw new UsageError(`decode: x has ${x.length} numbers; ${tokens} tokens of d_in = ${dIn} have ${tokens * dIn}`);
  }
}

function atomOf(sae: PreparedSae, j: number): Float32Array {
  const { dIn, dSae, stages } = sae;
  const stage = stages.findLast(({ start }) => start <= j);
  if (!Number.isInteger(j) || stage === undefined || j >= dSae) {
    throw new UsageError(`atom: latent ${j} does not exist; this SAE has latents 0..${dSae - 1}`);
  }
  const from = (j - stage.start) * dIn;
  const row = Float64Array.from(stage.dictionary.subarray(from, from + dIn), (weight) => weight * stage.outputWeight);
  const atom = new Float32Array(dIn);
  fromStageSpace(sae, row, atom, 0);
  return atom;
}
