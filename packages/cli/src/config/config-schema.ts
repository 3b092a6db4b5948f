import { UsageError } from "@qsae/runtime";
import { defineQuantizer, parseTrainingConfig, type Quantizer, type VariantFactory } from "@qsae/core";
import { z } from "zod";
import type { QsaeConfig } from "./define-config.ts";
import { withoutAbsent } from "./without-absent.ts";

const has = (value: unknown, ...functions: readonly string[]): boolean =>
  typeof value === "object" &&
  value !== null &&
  "id" in value &&
  functions.every((name) => typeof (value as Record<string, unknown>)[name] === "function");

const quantizerData = z.object({
  options: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  codes: z.tuple([z.number(), z.number()]),
  dequantize: z.object({ kind: z.enum(["affine", "table", "sum"]) }),
});

/** By value: an object with the data and functions of the contract. What they return is checked where it is used. */
export const quantizer = z.custom<Quantizer>(
  (value) => has(value, "calibrate", "encode") && quantizerData.safeParse(value).success,
  "expected a quantizer by value, e.g. defineQuantizer({ id, codes, dequantize, calibrate, encode, ... })",
);

export const variantFactory = z.custom<VariantFactory>(
  (value) => has(value, "fromConfig"),
  "expected a variant by value: { id, fromConfig }",
);

const path = z.string().optional();

export const configSchema = z.strictObject({
  data: path.describe("Activations to train on. Paths are relative to the folder of the configuration."),
  tensor: z.string().optional().describe("Which tensor of the activation files. Default: the only float one."),
  target: path.describe(
    "What is to be reconstructed from data, row by row, where that is something else (transcoders).",
  ),
  targetTensor: z.string().optional().describe("Which tensor of target. Default: the only float one."),
  heldout: path.describe("Activations to evaluate on: eval and analyze read them, train at its end."),
  heldoutTarget: path.describe("What is to be reconstructed from heldout."),
  variant: z
    .looseObject({ id: z.string() })
    .optional()
    .describe("The variant by id, with its own keys. d_in comes from the data; d_sae is 8 d_in unless it is given."),
  from: path.describe("An SAE to start training from: a packed file, a run folder, a SAELens folder."),
  training: z.looseObject({}).optional(),
  quantizers: z
    .array(quantizer)
    .optional()
    .describe("Quantizers of your own, by value; their ids are known beside the built-in ones. Not in JSON."),
  variants: z.array(variantFactory).optional().describe("Variants of your own, by value. Not in JSON."),
  backend: z.string().optional().describe("What computes. Default: auto, the fastest that opens."),
  out: path.describe("Folder of the run."),
  $schema: z.string().optional().describe("Where editors find this schema."),
});

/**
 * Checks a loaded configuration. Ids of backends and variants, and a variant's own keys, are checked where they are used.
 *
 * @throws UsageError naming the file, each bad or unknown key, and the keys that are allowed
 */
export function parseConfig(file: string, value: unknown): QsaeConfig {
  const parsed = configSchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) =>
      path.length > 0 ? `${path.join(".")}: ${message}` : message,
    );
    throw new UsageError(
      `${file}: ${problems.join("; ")}; keys allowed: ${Object.keys(configSchema.shape).join(", ")}`,
    );
  }
  const config = value as QsaeConfig;
  naming(file, () => {
    for (const own of config.quantizers ?? []) defineQuantizer(own);
    requireOwnNames("quantizers", config.quantizers);
    requireOwnNames("variants", config.variants);
    if (config.training) parseTrainingConfig(config.training);
  });
  return given(config);
}

/**
 * The configuration as written: defaults are filled in by those who know them, and an explicit `undefined` is absent. What is
 * for editors has done its work.
 */
function given(config: QsaeConfig): QsaeConfig {
  const { $schema: _, ...others } = config as QsaeConfig & { readonly $schema?: string };
  return withoutAbsent(others);
}

/** Of two with one name, the second could never be chosen, and a run resumed with them in another order would be another run. */
function requireOwnNames(key: string, values: readonly { readonly id: string }[] = []): void {
  const ids = values.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice === undefined) return;
  throw new UsageError(
    `${key}: two are called "${twice}"; where they differ in options, put those into the ids: "${twice}-2"`,
  );
}

function naming(file: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}
