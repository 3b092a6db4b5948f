/** Into how many parts the latents are divided for `encode-candidates`. */
import { TOKENS } from "./kernels/encode-candidates.ts";

/** Enough to keep a large device busy. */
const WORKGROUPS = 1024;
/** Shorter segments leave more candidates than they save. */
const LEAST_WIDTH = 1024;

/** Segments of `width` latents, the last perhaps shorter, each at least four times as wide as k where there are several. */
export function segmentsFor(n: number, dSae: number, k: number): { readonly segments: number; readonly width: number } {
  const wanted = Math.ceil(WORKGROUPS / Math.ceil(n / TOKENS));
  const most = Math.max(1, Math.floor(dSae / Math.max(LEAST_WIDTH, 4 * k)));
  const width = Math.ceil(dSae / Math.min(wanted, most));
  return { segments: Math.ceil(dSae / width), width };
}
