/**
 * `{ id, ...keys }` of every built-in variant as one schema, from which configuration files get their JSON Schema: an object per
 * variant and preset. It is made of the schemas that variants parse with, and says as JSON Schema what they check beyond single keys,
 * apart from relations between numbers, such as k <= d_sae.
 */
import { z } from "zod";
import { magnitudeChoices, switchChoices, type ActivationChoice } from "./activation-config.ts";
import { baselineConfigSchema, baselineReferenceSchema } from "./baseline.ts";
import { binaryConfigSchema, binaryReferenceSchema } from "./binary.ts";
import { binaryLatentConfigSchema, binaryLatentReferenceSchema } from "./binary-latent.ts";
import { activationRules, annealingRules, maskRules, transcoderRules } from "./choice-rules.ts";
import { aliases } from "./config.ts";
import {
  batchTopkConfigSchema,
  gatedConfigSchema,
  jumpReluConfigSchema,
  reluConfigSchema,
  topkConfigSchema,
} from "./field.ts";
import { matryoshkaChoices, matryoshkaConfigSchema } from "./matryoshka.ts";
import {
  quantizedMatryoshkaChoices,
  quantizedMatryoshkaConfigSchema,
  quantizedMatryoshkaReferenceSchema,
} from "./quantized-matryoshka.ts";
import {
  residualChoices,
  residualQuantizedConfigSchema,
  residualQuantizedReferenceSchema,
} from "./residual-quantized.ts";
import { ternaryConfigSchema, ternaryReferenceSchema } from "./ternary.ts";

/** Sizes may be left out: who reads the configuration knows the data. Keys go by their names in the Python reference, too. */
function choiceOf(id: string, schema: z.ZodObject, choices: Readonly<Record<string, ActivationChoice>> = {}) {
  const shape: z.ZodRawShape = schema.shape;
  const named = Object.entries(aliases).flatMap(([alias, key]) => {
    const given = shape[key];
    return given ? [[alias, withoutDefault(given).describe(`The Python reference's name of ${key}.`)] as const] : [];
  });
  const keys = { ...shape, ...schema.pick({ d_in: true, d_sae: true }).partial().shape, ...Object.fromEntries(named) };
  const rules = [
    ...activationRules(keys, choices),
    ...annealingRules(keys),
    ...maskRules(keys),
    ...transcoderRules(keys),
  ];
  return z
    .strictObject({ id: z.literal(id), ...keys })
    .meta({ title: id, ...(rules.length > 0 ? { allOf: rules } : {}) });
}

const withoutDefault = (schema: z.core.$ZodType): z.ZodOptional =>
  z.optional(schema instanceof z.ZodDefault ? schema.unwrap() : schema);

/** `{ id, ...keys }`, whichever built-in variant it is. Names of quantizers in it are {@link quantizerName}. */
export const variantChoiceSchema = () =>
  z.union([
    choiceOf("baseline", baselineConfigSchema, magnitudeChoices),
    choiceOf("baseline", baselineReferenceSchema),
    choiceOf("binary", binaryConfigSchema, magnitudeChoices),
    choiceOf("binary", binaryReferenceSchema),
    choiceOf("binary-latent", binaryLatentConfigSchema, switchChoices),
    choiceOf("binary-latent", binaryLatentReferenceSchema),
    choiceOf("ternary", ternaryConfigSchema, magnitudeChoices),
    choiceOf("ternary", ternaryReferenceSchema),
    choiceOf("quantized-matryoshka", quantizedMatryoshkaConfigSchema, quantizedMatryoshkaChoices),
    choiceOf("quantized-matryoshka", quantizedMatryoshkaReferenceSchema),
    choiceOf("residual-quantized", residualQuantizedConfigSchema, residualChoices),
    choiceOf("residual-quantized", residualQuantizedReferenceSchema),
    choiceOf("relu", reluConfigSchema),
    choiceOf("topk", topkConfigSchema),
    choiceOf("batch-topk", batchTopkConfigSchema),
    choiceOf("jumprelu", jumpReluConfigSchema),
    choiceOf("gated", gatedConfigSchema),
    choiceOf("matryoshka", matryoshkaConfigSchema, matryoshkaChoices),
  ]);
