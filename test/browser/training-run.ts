/** A few steps of training, the same code in Node and in a page, and the bytes of the SAE that they make. */
import { arraySource, openBackend, train, type BackendName } from "@qsae/core";
import { quantizersByName } from "@qsae/quantizers";
import { encodePackedSae } from "@qsae/runtime";
import { baseline } from "@qsae/variants";
import { uniform } from "./engine-run.ts";

const shape = { d_in: 32, d_sae: 256, k: 8 } as const;
const TOKENS = 2048;

export interface TrainingRun {
  /** Of the backend. */
  readonly description: string;
  readonly fallbacks: readonly string[];
  /** Every loss of every step, and the fraction of variance unexplained. */
  readonly losses: readonly Readonly<Record<string, number>>[];
  readonly packed: readonly number[];
}

/** `[tokens, d_in]`. */
export const activations = (): Float32Array => uniform(TOKENS * shape.d_in, 4);

export async function trainShortly(steps: number, on: BackendName = "wasm"): Promise<TrainingRun> {
  const backend = await openBackend(on, on === "wasm" ? { threads: 2 } : {});
  try {
    const variant = baseline(shape, quantizersByName());
    const losses: Record<string, number>[] = [];
    const { checkpoint } = await train({
      backend,
      variant,
      source: arraySource(activations(), shape.d_in),
      training: { steps, batch_size: 256, lr: 3e-3, lr_warmup_steps: 2 },
      reporters: [{ onStep: ({ losses: terms, batchFvu }) => void losses.push({ ...terms, batchFvu }) }],
    });
    const packed = encodePackedSae(await variant.lower(backend.ops, checkpoint.tensors));
    const { description } = backend;
    return { description, fallbacks: backend.fallbacks(), losses, packed: [...packed] };
  } finally {
    await backend.close();
  }
}
