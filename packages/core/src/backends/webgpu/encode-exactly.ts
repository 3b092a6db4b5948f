/** The k best latents of each token, by exact scores of all. */
import { scanExactly, type EncodedTokens, type Encoder } from "./scan.ts";
import type { Segments } from "./segments.ts";
import type { WebGpuStorage } from "./webgpu-storage.ts";
import { folded } from "./workgroups.ts";

export function encodeExactly(storage: WebGpuStorage, encoder: Encoder, plan: Segments, tokens: EncodedTokens): void {
  const { n, values, indices } = tokens;
  storage.withScratch(8 * n * plan.candidates, (heaps) => {
    scanExactly(storage, encoder, plan, tokens, heaps);
    storage.withScratch(8 * n * encoder.k, (chosen) =>
      storage.run(
        "best-of",
        [heaps, chosen, values, indices],
        [n, plan.candidates, encoder.k].map((u32) => ({ u32 })),
        folded(n),
      ),
    );
  });
}
