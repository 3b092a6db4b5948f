import { join } from "node:path";

import type { SaeCheckpoint } from "@qsae/core";
import { type HostTensor, UsageError } from "@qsae/runtime";
import { z } from "zod";

import { writeFileAtomic } from "../files/write-file-atomic.ts";
import { streamSafetensors } from "../safetensors/stream-tensors.ts";
import { firstIssue } from "./first-issue.ts";
import { CONFIG_FILE, saeLensShapes, WEIGHTS_FILE } from "./saelens-layout.ts";

const ARCHITECTURE_OF_ACTIVATION = { relu: "standard", topk: "topk", jumprelu: "jumprelu" } as const;

const schema = z.object({
  d_in: z.int().positive(),
  d_sae: z.int().positive(),
  activation: z.enum(["relu", "topk", "jumprelu"]),
  k: z.int().positive().optional(),
  apply_b_dec_to_input: z.boolean(),
});

/** Tells SAELens that the keys are those of version 6; without it, it takes them for older ones and converts them. */
const LAYOUT_VERSION = "6.0.0";

/**
 * Writes a float SAE in SAELens layout: `sae_weights.safetensors` + `cfg.json`, each whole or not at all, the config last.
 * @param dir folder to write to; made if need be
 * @throws UsageError if the layout cannot say what the SAE is: a variant other than `baseline`, a missing key or tensor
 */
export async function exportSae(checkpoint: SaeCheckpoint, dir: string): Promise<void> {
  const { spec, provenance } = checkpoint;
  if (spec.variant !== "baseline") {
    throw new UsageError(`SAELens layout cannot hold variant "${spec.variant}"; supported: baseline`);
  }
  const parsed = schema.safeParse(spec.config);
  if (!parsed.success) throw new UsageError(`config of variant baseline: ${firstIssue(parsed.error)}`);
  const { d_in, d_sae, activation, k, apply_b_dec_to_input } = parsed.data;
  const architecture = ARCHITECTURE_OF_ACTIVATION[activation];
  if (architecture === "topk" && k === undefined) throw new UsageError("config of variant baseline: topk without k");

  const tensors: Record<string, HostTensor> = {};
  for (const [name, shape] of Object.entries(saeLensShapes({ architecture, dIn: d_in, dSae: d_sae }))) {
    const tensor = checkpoint.tensors[name];
    if (!(tensor?.data instanceof Float32Array) || tensor.shape.join() !== shape.join()) {
      const given = tensor === undefined ? "absent" : `[${tensor.shape.join(", ")}]`;
      throw new UsageError(`tensor "${name}" is ${given}; expected float32 [${shape.join(", ")}]`);
    }
    tensors[name] = tensor;
  }
  const cfg = {
    architecture,
    d_in,
    d_sae,
    ...(architecture === "topk" ? { k, rescale_acts_by_decoder_norm: false } : {}),
    dtype: "float32",
    device: "cpu",
    apply_b_dec_to_input,
    normalize_activations: "none",
    reshape_activations: "none",
    metadata: {
      sae_lens_version: LAYOUT_VERSION,
      model_name: provenance["model"] ?? null,
      hook_name: provenance["hook"] ?? null,
      provenance,
    },
  };
  await writeFileAtomic(join(dir, WEIGHTS_FILE), streamSafetensors(tensors, {}));
  await writeFileAtomic(join(dir, CONFIG_FILE), new TextEncoder().encode(JSON.stringify(cfg, null, 2) + "\n"));
}
