import type { Latents, Sae } from "@qsae/runtime";

/** An SAE that encodes at once, as the runtime's (`loadSae`), or by a promise, as one on a backend ({@link saeOnBackend}). */
export interface RunnableSae extends Omit<Sae, "encode" | "reconstruct"> {
  /** As {@link Sae.encode}. */
  encode(x: Float32Array): Latents | Promise<Latents>;
}
