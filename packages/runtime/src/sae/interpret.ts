/** The interpreter: encoding with scores in float64, on nothing but JavaScript. */
import type { Latents } from "../latents.ts";
import { encodingSteps } from "./encoding-steps.ts";
import type { PreparedSae } from "./prepare.ts";

/** Blocks of activations stay in cache. */
const BLOCK_TOKENS = 64;

/**
 * @param encoders of every stage, `[d_sae, d_in]`
 * @param x `[n, d_in]` whose row 0 errors call `rowOfFirstToken`
 */
export function interpretTokens(
  sae: PreparedSae,
  encoders: readonly Float32Array[],
  x: Float32Array,
  rowOfFirstToken = 0,
): Latents {
  const steps = encodingSteps(sae, x, { blockTokens: BLOCK_TOKENS, rowOfFirstToken });
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    step.value.interpret(encoders[step.value.stage]!);
  }
}
