/** The JSON Schema of `qsae.config.json`, for editors: made of the schemas that parse it. */
import { backendNames, trainingConfigSchema } from "@qsae/core";
import { builtinQuantizerNames, quantizerNamePattern } from "@qsae/quantizers";
import { quantizerName, variantChoiceSchema } from "@qsae/variants";
import { z } from "zod";
import { configSchema, quantizer, variantFactory } from "./config-schema.ts";

/** What a file can name: no quantizers and variants but those that come with QSAE. */
const fileSchema = () =>
  configSchema
    .extend({
      variant: variantChoiceSchema().optional().describe(configSchema.shape.variant.description!),
      training: trainingConfigSchema.optional(),
      backend: z.enum(backendNames).optional().describe(configSchema.shape.backend.description!),
    })
    .meta({ title: "qsae.config.json", description: "Configuration of the qsae command." });

/** Draft 7, which editors know best. */
export function configJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(fileSchema(), {
    target: "draft-07",
    io: "input",
    // Values of code, which a file cannot hold: no item is one.
    unrepresentable: ({ zodSchema }) =>
      zodSchema === quantizer || zodSchema === variantFactory ? { not: {} } : "throw",
    override: ({ zodSchema, jsonSchema }) => {
      // Plain names, which editors complete, and all others.
      if (zodSchema === quantizerName)
        jsonSchema.anyOf = [{ enum: [...builtinQuantizerNames] }, { pattern: quantizerNamePattern }];
    },
  });
}
