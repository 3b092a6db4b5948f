import type { SaeLensConfig } from "./saelens-config.ts";

/** An SAE in SAELens layout is a folder with these two files. */
export const WEIGHTS_FILE = "sae_weights.safetensors";
export const CONFIG_FILE = "cfg.json";

/** Shape of every tensor that an SAE of this config has. */
export function saeLensShapes({
  architecture,
  dIn,
  dSae,
}: Pick<SaeLensConfig, "architecture" | "dIn" | "dSae">): Readonly<Record<string, readonly number[]>> {
  return {
    W_enc: [dIn, dSae],
    b_enc: [dSae],
    W_dec: [dSae, dIn],
    b_dec: [dIn],
    ...(architecture === "jumprelu" ? { threshold: [dSae] } : {}),
  };
}
