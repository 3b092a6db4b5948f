/** Configuration of the variants: the field's key names and the reference's, checked, defaults filled in. */
import { z } from "zod";
import { UsageError } from "@qsae/runtime";

/** Keys that say how large an SAE is. */
export const sizeKeys = {
  d_in: z.number().int().positive().describe("Width of the activations."),
  d_sae: z.number().int().positive().describe("Number of latents."),
};

export const defaultPreset = z
  .literal("default")
  .default("default")
  .describe("Corrected and better; reference is as the Python reference computes.");

/** A quantizer by name. Which names there are depends on what the user brings, so they are checked when they are resolved. */
export const quantizerName = z.string();

/** Key of everything that has an encoder to train. */
export const encoderQuantizerKey = {
  encoder_quantizer: quantizerName
    .optional()
    .describe("Quantizer of the encoder while training, by name; absent: float."),
};

/** Keys every one-stage autoencoder has. */
export const autoencoderKeys = {
  ...sizeKeys,
  preset: defaultPreset,
  transcoder: z.boolean().default(false).describe("Whether targets are other activations than inputs."),
  skip: z
    .boolean()
    .default(false)
    .describe("Transcoders: a linear connection from inputs to outputs beside the latents."),
  apply_b_dec_to_input: z
    .boolean()
    .optional()
    .describe("Subtract b_dec from the input of the encoder. Default: true, for transcoders false."),
  ...encoderQuantizerKey,
};

/** Key of autoencoders whose dictionary is float unless it is said. */
export const decoderQuantizerKey = {
  decoder_quantizer: quantizerName
    .optional()
    .describe("Quantizer of the dictionary while training, by name; absent: float."),
};

/** Keys of every `reference` preset. */
export const referenceKeys = {
  ...sizeKeys,
  preset: z.literal("reference").describe("As the Python reference computes."),
};

/** Keys of a penalty on the number of active latents. */
export const sparsityKeys = {
  sparsity_lambda: z
    .number()
    .nonnegative()
    .default(1.5e-3)
    .describe("Weight of the mean number of active latents in the loss."),
  sparsity_warmup_fraction: z
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe("Share of the run over which the sparsity penalty rises from 0."),
};

/** The reference's names for keys of ours. */
export const aliases: Readonly<Record<string, string>> = {
  input_dim: "d_in",
  hidden_dim: "d_sae",
  top_k: "k",
  abs_range: "gamma",
};

/**
 * `config` with the reference's key names replaced by the field's.
 *
 * @throws UsageError if a key is given under both names with different values
 */
export function canonicalKeys(variant: string, config: object): Record<string, unknown> {
  const canonical: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(config)) if (!Object.hasOwn(aliases, key)) canonical[key] = value;
  for (const [alias, key] of Object.entries(aliases)) {
    const value = (config as Record<string, unknown>)[alias];
    if (value === undefined) continue;
    if (canonical[key] !== undefined && canonical[key] !== value) {
      throw new UsageError(
        `variant ${variant}: ${alias}=${JSON.stringify(value)} contradicts ${key}=${JSON.stringify(canonical[key])}; they are two names of one key, give one of them`,
      );
    }
    canonical[key] = value;
  }
  return canonical;
}

/**
 * Checks a JSON configuration (canonical keys) against a schema.
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

/**
 * Checks a configuration against the schema of its preset.
 *
 * @throws UsageError for an unknown preset, keys of the other preset, and as {@link canonicalKeys}; else naming each bad or
 * unknown key, what was given, and the keys that are allowed
 */
export function parsePreset<D extends z.ZodObject, R extends z.ZodObject>(
  variant: string,
  schemas: { readonly default: D; readonly reference: R },
  config: object,
): z.output<D> | z.output<R> {
  const given = canonicalKeys(variant, config);
  const preset = given["preset"] ?? "default";
  if (preset !== "default" && preset !== "reference") {
    throw new UsageError(`variant ${variant}: preset is ${JSON.stringify(preset)}; allowed: "default", "reference"`);
  }
  const [own, other] =
    preset === "default" ? [schemas.default, schemas.reference] : [schemas.reference, schemas.default];
  const foreign = Object.keys(given).filter((key) => !(key in own.shape) && key in other.shape);
  if (foreign.length > 0) {
    const otherName = preset === "default" ? "reference" : "default";
    throw new UsageError(
      `variant ${variant}: preset is ${preset}, where ${foreign.join(", ")} mean${foreign.length > 1 ? "" : "s"} nothing; remove the key or use preset ${otherName}; keys allowed: ${Object.keys(own.shape).join(", ")}`,
    );
  }
  return parseConfig(variant, own, given);
}

/**
 * @param fixed by key, what the variant has instead
 * @throws UsageError if one of these keys is given
 */
export function refuseFixedKeys(variant: string, given: object, fixed: Readonly<Record<string, string>>): void {
  for (const [key, instead] of Object.entries(fixed)) {
    if (!Object.hasOwn(given, key)) continue;
    const value = JSON.stringify((given as Record<string, unknown>)[key]);
    throw new UsageError(
      `variant ${variant}: ${key} is ${value}, but ${instead}; remove the key, or use variant baseline`,
    );
  }
}

/** @throws UsageError if k does not fit the dictionary */
export function requireKFits(variant: string, k: number, dSae: number): void {
  if (k > dSae)
    throw new UsageError(`variant ${variant}: k=${k} exceeds d_sae=${dSae}; lower k or widen the dictionary`);
}
