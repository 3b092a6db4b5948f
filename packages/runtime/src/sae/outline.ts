/** What an SAE does apart from encoding: decoding, atoms, levels. The same whoever encodes. */
import { UsageError } from "../errors.ts";
import type { Level } from "../packed/levels.ts";
import { checkLatents } from "./check-latents.ts";
import { decodeTokens } from "./decode.ts";
import { fromStageSpace } from "./input-space.ts";
import type { PreparedSae } from "./prepare.ts";
import type { Sae } from "./sae.ts";

export function saeOutline(sae: PreparedSae): Omit<Sae, "encode" | "reconstruct"> {
  const { dIn, dSae, levels, description } = sae;
  return {
    dIn,
    dSae,
    levels: levels.length,
    levelEnds: levels.map(({ end }) => end),
    description,
    decode(latents, { levels: count, x } = {}) {
      const level = levelAt(sae, count);
      const tokens = checkLatents(latents, dSae);
      if (sae.skip !== undefined) checkSkipInput(x, tokens, dIn);
      const out = new Float32Array(tokens * dIn); // [n, d_in]
      decodeTokens(sae, latents, level, x, out);
      return out;
    },
    atom: (j) => atomOf(sae, j),
  };
}

/** @throws UsageError if there is no such level */
export function levelAt({ levels }: PreparedSae, count = levels.length): Level {
  const level = levels[count - 1];
  if (level === undefined) {
    throw new UsageError(`levels is ${count}; this SAE has levels 1..${levels.length}`);
  }
  return level;
}

/** @throws UsageError unless x is `[n, d_in]` */
export function tokensIn(x: Float32Array, dIn: number, what: string): number {
  if (x.length % dIn !== 0) {
    throw new UsageError(
      `${what}: x has ${x.length} numbers; expected [n, d_in] with d_in = ${dIn}, a multiple of ${dIn}`,
    );
  }
  return x.length / dIn;
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
  const { dictionary, outputWeight, start } = stage;
  const from = (j - start) * dIn;
  const row = new Float64Array(dIn);
  for (let d = 0; d < dIn; d++) row[d] = dictionary[from + d]! * outputWeight;
  const atom = new Float32Array(dIn);
  fromStageSpace(sae, row, atom, 0);
  return atom;
}
