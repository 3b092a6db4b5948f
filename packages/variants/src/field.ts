/**
 * The field's architectures under their own ids: `relu`, `topk`, `batch-topk`, `jumprelu`, `gated`. Each is `baseline` with that
 * activation and only its keys.
 */
import { z } from "zod";
import type { QuantizerResolver, Variant, VariantFactory } from "@qsae/core";
import {
  batchTopKChoice,
  gatedChoice,
  jumpReluChoice,
  reluChoice,
  topKChoice,
  type ActivationChoice,
} from "./activation-config.ts";
import { autoencoderKeys, canonicalKeys, decoderQuantizerKey, parseConfig } from "./config.ts";
import { oneStage } from "./one-stage.ts";

const schemaOf = <S extends z.ZodRawShape>({ keys }: ActivationChoice<S>) =>
  z.strictObject({ ...autoencoderKeys, ...decoderQuantizerKey, ...keys });

export const reluConfigSchema = schemaOf(reluChoice);
export const topkConfigSchema = schemaOf(topKChoice);
export const batchTopkConfigSchema = schemaOf(batchTopKChoice);
export const jumpReluConfigSchema = schemaOf(jumpReluChoice);
export const gatedConfigSchema = schemaOf(gatedChoice);

export type ReluConfig = z.input<typeof reluConfigSchema>;
export type TopkConfig = z.input<typeof topkConfigSchema>;
export type BatchTopkConfig = z.input<typeof batchTopkConfigSchema>;
export type JumpReluConfig = z.input<typeof jumpReluConfigSchema>;
export type GatedConfig = z.input<typeof gatedConfigSchema>;

/**
 * ReLU with an L1 penalty (Bricken et al. 2023), with p-annealing (Karvonen et al. 2024) where `p_end` is given.
 *
 * @throws UsageError for unknown keys or values out of range
 * @example
 * const variant = relu({ d_in: 512, d_sae: 8192, l1_coefficient: 3, p_end: 0.2 }, quantizersByName());
 */
export const relu = (config: ReluConfig, resolve: QuantizerResolver): Variant => fieldVariant("relu", config, resolve);

/**
 * The k largest latents of each token (Gao et al. 2024).
 *
 * @throws UsageError for unknown keys or values out of range
 * @example
 * const variant = topk({ d_in: 512, d_sae: 8192, k: 32 }, quantizersByName());
 */
export const topk = (config: TopkConfig, resolve: QuantizerResolver): Variant => fieldVariant("topk", config, resolve);

/**
 * The n k largest latents of each batch of n tokens (Bussmann, Leask & Nanda 2024); a threshold at inference.
 *
 * @throws UsageError for unknown keys or values out of range
 * @example
 * const variant = batchTopk({ d_in: 512, d_sae: 8192, k: 32 }, quantizersByName());
 */
export const batchTopk = (config: BatchTopkConfig, resolve: QuantizerResolver): Variant =>
  fieldVariant("batch-topk", config, resolve);

/**
 * A learned threshold per latent (Rajamanoharan et al. 2024, "Jumping ahead").
 *
 * @throws UsageError for unknown keys or values out of range
 * @example
 * const variant = jumpRelu({ d_in: 512, d_sae: 8192, l0_coefficient: 5e-3 }, quantizersByName());
 */
export const jumpRelu = (config: JumpReluConfig, resolve: QuantizerResolver): Variant =>
  fieldVariant("jumprelu", config, resolve);

/**
 * Gates decide which latents fire, magnitudes by how much (Rajamanoharan et al. 2024, "Improving dictionary learning").
 *
 * @throws UsageError for unknown keys or values out of range
 * @example
 * const variant = gated({ d_in: 512, d_sae: 8192, l1_coefficient: 4 }, quantizersByName());
 */
export const gated = (config: GatedConfig, resolve: QuantizerResolver): Variant =>
  fieldVariant("gated", config, resolve);

const field = {
  relu: { choice: reluChoice, schema: reluConfigSchema },
  topk: { choice: topKChoice, schema: topkConfigSchema },
  "batch-topk": { choice: batchTopKChoice, schema: batchTopkConfigSchema },
  jumprelu: { choice: jumpReluChoice, schema: jumpReluConfigSchema },
  gated: { choice: gatedChoice, schema: gatedConfigSchema },
} as const;

type FieldId = keyof typeof field;

function fieldVariant(id: FieldId, config: object, resolve: QuantizerResolver): Variant {
  const { schema, choice }: { schema: z.ZodObject<typeof autoencoderKeys>; choice: ActivationChoice } = field[id];
  const parsed = parseConfig(id, schema, canonicalKeys(id, config));
  const activation = choice.make(parsed, { variant: id, dIn: parsed.d_in, dSae: parsed.d_sae });
  return oneStage({ id, parsed, chosen: { activation, config: parsed }, resolve });
}

/** Factories of the five, by id. */
export const fieldFactories: readonly VariantFactory[] = (Object.keys(field) as FieldId[]).map((id) => ({
  id,
  fromConfig: (config, resolve) => fieldVariant(id, config, resolve),
}));
