/**
 * An SAE that encodes on a backend: the stages' scores come from its ops, everything between them from the runtime, so that
 * both compute one thing (see packed/schema.ts of @qsae/runtime).
 */
import { stagedSae, UsageError, type Latents, type PackedSae } from "@qsae/runtime";
import type { TensorOps } from "../contracts/tensor-ops.ts";
import { deviceStage, type DeviceStage } from "./device-stage.ts";
import type { RunnableSae } from "./runnable-sae.ts";

export interface BackendSae extends RunnableSae {
  encode(x: Float32Array): Promise<Latents>;
  /** Frees the weights on the backend; decoding goes on working. */
  dispose(): void;
}

/** Activations of a block: 4096 tokens of width 512, which hide what a call of the backend costs apart from arithmetic. */
const BLOCK_NUMBERS = 2 ** 21;

/**
 * Puts the encoders of an SAE on a backend; decoding and atoms are the runtime's, in JavaScript. Weights are those that are
 * stored, so a quantized SAE encodes with its quantized weights. Selection by rank never holds `[n, d_sae]`; the others go
 * through it in blocks of 32 MB.
 *
 * Latents are those of `loadSae` but for float32 rounding. Its scores are sums in float64, rounded once; here inputs
 * are rounded to float32 and summed in float32, so that a score is off by at most
 *
 *     (d_in + 2) 2^-24 (|b_enc_j| + sum_d |u_d w_jd|)
 *
 * and a latent may fire here and not there only where its score is so near the threshold, or the k-th largest. Ties go
 * to the lowest index all the same: equal encoder rows have equal scores. A residual carries the differences of the stages before.
 * In another batch a token may be rounded otherwise.
 *
 * @param ops of an open backend, on which `d_in d_sae` floats are kept until `dispose`
 * @param name what errors call the SAE, e.g. the file's name
 * @throws FormatError if the bytes are no packed SAE, UsageError if a PackedSae breaks a rule of the schema
 * @example
 * const { ops } = await openBackend("auto");
 * const sae = saeOnBackend(ops, packed);
 * const latents = await sae.encode(activations); // [n, sae.dIn]
 * const reconstruction = sae.decode(latents); // [n, d_in]
 * sae.dispose();
 */
export function saeOnBackend(ops: TensorOps, source: Uint8Array | PackedSae, name?: string): BackendSae {
  const { stages, encodingSteps, ...outline } = stagedSae(source, name);
  const onDevice: DeviceStage[] = [];
  const dispose = (): void => {
    for (const stage of onDevice.splice(0)) stage.dispose();
  };
  try {
    for (const stage of stages) onDevice.push(deviceStage(ops, stage));
  } catch (error) {
    dispose();
    throw error;
  }
  return {
    ...outline,
    async encode(x) {
      if (onDevice.length === 0) throw new UsageError("encode: this SAE was disposed; make it anew with saeOnBackend");
      const steps = encodingSteps(x, Math.max(1, Math.floor(BLOCK_NUMBERS / outline.dIn)));
      for (;;) {
        const step = steps.next();
        if (step.done) return step.value;
        await onDevice[step.value.stage]!.encode(step.value);
      }
    },
    dispose,
  };
}
