/**
 * Dead latents started anew (Bricken et al. 2023, "Towards monosemanticity", appendix "Neuron resampling"): each gets a
 * token that the SAE reconstructs badly, drawn with probability proportional to the square of its loss, which is its
 * squared error; the variant places the latent there. Their Adam moments are zeroed and they count as alive again.
 *
 * Tokens are those of this step, with the residuals of its forward pass, and no token is drawn twice: two latents that
 * start equal stay equal. Where more latents are dead than there are tokens, the rest waits for the next time.
 */
import { mixSeeds } from "../../random.ts";
import type { Tensor, TensorOps } from "../../contracts/tensor-ops.ts";
import type { Variant } from "../../contracts/variant.ts";
import { parametersOf, type TrainingState } from "../state/training-state.ts";
import { changedSlots } from "./changed-slots.ts";
import { weightedDraw } from "./weighted-draw.ts";

/** Keeps these draws apart from others of the same seed. */
const STREAM = 0x7e5a;

export interface ResampleOptions {
  /** `target - xhat`, `[n, d_in]` each. */
  readonly residuals: readonly Tensor[];
  readonly deadAfterTokens: number;
  readonly seed: number;
}

/** Whether resampling falls on `step` (1 for the first of `steps`). */
export function resamplesAt(
  step: number,
  steps: number,
  config: { readonly resample_every?: number | undefined; readonly resample_until_fraction?: number | undefined },
): boolean {
  const { resample_every: every, resample_until_fraction: until = 1 } = config;
  return every !== undefined && step % every === 0 && step <= until * steps;
}

/** The state after resampling, and how many latents began anew. Consumes the state given. */
export async function resampleDead(
  ops: TensorOps,
  variant: Variant,
  state: TrainingState,
  { residuals, deadAfterTokens, seed }: ResampleOptions,
): Promise<{ readonly state: TrainingState; readonly resampled: number }> {
  if (state.dead === 0) return { state, resampled: 0 };
  const ownSeed = mixSeeds(seed, STREAM, state.step);
  const silent = (await ops.read(state.sinceFired)).data;
  const dead = [...silent.keys()].filter((latent) => silent[latent]! >= deadAfterTokens);
  const tokens = weightedDraw(await squaredLosses(ops, residuals), dead.length, ownSeed);
  if (tokens.length === 0) return { state, resampled: 0 };

  const begin = new Float32Array(variant.dSae);
  const tokenOf = new Int32Array(variant.dSae); // of living latents: any, it is unused
  tokens.forEach((token, i) => {
    begin[dead[i]!] = 1;
    tokenOf[dead[i]!] = token;
  });
  const next = ops.tidy(() => {
    const mask = ops.tensor(begin, [variant.dSae]); // [d_sae]
    const drawn = ops.gather(ops.concat(residuals, 0), ops.tensor(tokenOf, [variant.dSae])); // [d_sae, d_in]
    const context = { seed: ownSeed, dead: mask, residuals: drawn };
    return {
      slots: changedSlots(ops, state.slots, variant.resample!(ops, parametersOf(state.slots), context)),
      sinceFired: ops.mul(state.sinceFired, ops.sub(1, mask)),
    };
  });
  ops.dispose(state.sinceFired);
  return { state: { ...state, ...next, dead: state.dead - tokens.length }, resampled: tokens.length };
}

/** Of each token, `|residual|^4`. */
async function squaredLosses(ops: TensorOps, residuals: readonly Tensor[]): Promise<Float64Array> {
  const errors = ops.tidy(() => ops.sum(ops.square(ops.concat(residuals, 0)), 1)); // [n]
  const { data } = await ops.read(errors);
  ops.dispose(errors);
  return Float64Array.from(data, (error) => error * error);
}
