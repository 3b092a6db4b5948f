/** Configuration of the variants: the field's key names, checked, defaults filled in. */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";

/** Keys every one-stage autoencoder has. */
export const autoencoderKeys = {
  /** Width of the activations. */
  d_in: z.number().int().positive(),
  /** Number of latents. */
  d_sae: z.number().int().positive(),
  /** Subtract b_dec from the input of the encoder. */
  apply_b_dec_to_input: z.boolean().default(true),
  /** Quantizer of the encoder while training, by name; absent: float. */
  encoder_quantizer: z.string().optional(),
};

/** Keys of the TopK activation. */
export const topKKeys = {
  /** Active latents per token. */
  k: z.number().int().positive().default(32),
  /** Dead latents that reconstruct the residual; 0 turns AuxK off. Default: d_in / 2, at most d_sae. */
  aux_k: z.number().int().nonnegative().optional(),
  aux_k_coefficient: z
    .number()
    .nonnegative()
    .default(1 / 32),
};

/**
 * Checks a JSON configuration against a schema.
 *
 * @throws UsageError naming each bad or unknown key, what was given, and the keys that are allowed
 */
export function parseConfig<S extends z.ZodObject>(variant: string, schema: S, config: unknown): z.output<S> {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) =>
    path.length > 0 ? `${path.join(".")}: ${message}` : message,
  );
  throw new UsageError(
    `variant ${variant}: ${problems.join("; ")}; keys allowed: ${Object.keys(schema.shape).join(", ")}`,
  );
}

/** @throws UsageError if k does not fit the dictionary */
export function requireKFits(variant: string, k: number, dSae: number): void {
  if (k > dSae)
    throw new UsageError(`variant ${variant}: k=${k} exceeds d_sae=${dSae}; lower k or widen the dictionary`);
}
