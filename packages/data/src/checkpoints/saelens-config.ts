/**
 * `cfg.json` of an SAE in SAELens layout (https://github.com/decoderesearch/SAELens, `SAEConfig` in sae_lens/saes/sae.py),
 * version 6 and the keys of versions before that still mean something. Keys that would change what the SAE computes and
 * that we do not compute are refused by name; keys that only describe are ignored.
 */
import { FormatError } from "@qsae/runtime";
import { z } from "zod";

import { firstIssue } from "./first-issue.ts";

const size = z.int().positive();
const text = z.string().nullish();

const schema = z.object({
  architecture: z.string().default("standard"),
  d_in: size,
  d_sae: size,
  k: size.nullish(),
  apply_b_dec_to_input: z.boolean().default(true),
  // Before version 2 it was a switch.
  normalize_activations: z.union([z.string(), z.boolean()]).nullish(),
  reshape_activations: text,
  rescale_acts_by_decoder_norm: z.boolean().default(false),
  finetuning_scaling_factor: z.boolean().nullish(),
  activation_fn: text,
  activation_fn_str: text,
  activation_fn_kwargs: z.object({ k: size.nullish() }).nullish(),
  model_name: text,
  hook_name: text,
  metadata: z.object({ model_name: text, hook_name: text }).nullish(),
});

/** The architectures of SAELens that are read, and the activation each stands for here. */
export const ACTIVATION_OF_ARCHITECTURE = { standard: "relu", topk: "topk", jumprelu: "jumprelu" } as const;

type Architecture = keyof typeof ACTIVATION_OF_ARCHITECTURE;

export interface SaeLensConfig {
  readonly architecture: Architecture;
  readonly dIn: number;
  readonly dSae: number;
  /** For `topk`. */
  readonly k?: number;
  readonly applyBDecToInput: boolean;
  /** For `topk`: scores are multiplied by the norm of their atom, values divided by it again. */
  readonly rescaleByDecoderNorm: boolean;
  /** Model and hook, where it names them. */
  readonly provenance: Readonly<Record<string, string>>;
}

/** @throws FormatError naming the key, what was given, what is supported */
export function parseSaeLensConfig(json: unknown, path: string): SaeLensConfig {
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new FormatError(path, `not a SAELens config: ${firstIssue(parsed.error)}`);
  const cfg = parsed.data;
  const refuse = (key: string, given: unknown, supported: string): never => {
    throw new FormatError(path, `${key}=${JSON.stringify(given)} is not supported; supported: ${supported}`);
  };

  const { architecture } = cfg;
  if (!isArchitecture(architecture)) {
    return refuse("architecture", architecture, Object.keys(ACTIVATION_OF_ARCHITECTURE).join(", "));
  }
  const isTopK = architecture === "topk";
  if ((cfg.normalize_activations || "none") !== "none") {
    refuse("normalize_activations", cfg.normalize_activations, "none (fold the scale into the weights first)");
  }
  if ((cfg.reshape_activations ?? "none") !== "none") refuse("reshape_activations", cfg.reshape_activations, "none");
  if (cfg.finetuning_scaling_factor === true) refuse("finetuning_scaling_factor", true, "false");
  if (cfg.rescale_acts_by_decoder_norm && !isTopK) {
    refuse("rescale_acts_by_decoder_norm", true, `false with architecture ${architecture}`);
  }
  const activation = cfg.activation_fn_str ?? cfg.activation_fn;
  if (typeof activation === "string" && activation !== "relu" && !(isTopK && activation === "topk")) {
    refuse("activation_fn", activation, isTopK ? "topk" : "relu");
  }
  const k = cfg.k ?? cfg.activation_fn_kwargs?.k ?? undefined;
  if (isTopK && (k === undefined || k > cfg.d_sae)) {
    throw new FormatError(path, `k=${k ?? "(absent)"}; architecture topk needs k in 1..d_sae=${cfg.d_sae}`);
  }

  const model = cfg.metadata?.model_name ?? cfg.model_name;
  const hook = cfg.metadata?.hook_name ?? cfg.hook_name;
  return {
    architecture,
    dIn: cfg.d_in,
    dSae: cfg.d_sae,
    ...(isTopK && k !== undefined ? { k } : {}),
    applyBDecToInput: cfg.apply_b_dec_to_input,
    rescaleByDecoderNorm: cfg.rescale_acts_by_decoder_norm,
    provenance: { ...(model ? { model } : {}), ...(hook ? { hook } : {}) },
  };
}

function isArchitecture(name: string): name is Architecture {
  return Object.hasOwn(ACTIVATION_OF_ARCHITECTURE, name);
}
