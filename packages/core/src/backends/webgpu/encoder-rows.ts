/// <reference types="@webgpu/types" />
/**
 * W_enc one row per latent, `[d_sae, d_in]`, made when it is first needed and kept until W_enc changes: so every kernel
 * that reads weights of single latents reads them in one piece, and a W_enc that is too large to be bound at once is bound by
 * latents like every other matrix.
 */
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Companion } from "./companions.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";
import { transposeInto } from "./transpose.ts";

export interface EncoderRows extends Companion {
  readonly buffer: GPUBuffer;
}

export function encoderRows(storage: WebGpuStorage, wEnc: TensorInfo): EncoderRows {
  return storage.companion(wEnc, "rows", () => {
    const [dIn, dSae] = wEnc.shape as [number, number];
    const bytes = 4 * dIn * dSae;
    const from = storage.buffer(wEnc);
    const buffer = storage.acquire(bytes);
    transposeInto(storage, from, buffer, dIn, dSae);
    return { buffer, bytes, free: () => storage.release(buffer) };
  });
}
