/** What a run carries from step to step. */
import { UsageError, type HostTensors } from "@qsae/runtime";
import type { DataSource } from "../contracts/data-source.ts";
import type { AdamSlot, Tensor, TensorOps, Tensors } from "../contracts/tensor-ops.ts";
import type { Variant } from "../contracts/variant.ts";
import type { TrainingConfig } from "./training-config.ts";

export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  /** Parameters with their Adam moments, by name. */
  readonly slots: Readonly<Record<string, AdamSlot>>;
  /** Tokens since each latent last fired: `[d_sae]`. */
  readonly sinceFired: Tensor;
  /** Latents dead after this step. */
  readonly dead: number;
  dispose(): void;
}

/** Tokens the data mean is estimated from at the start. */
const MEAN_TOKENS = 16_384;

export function stateOf(
  ops: TensorOps,
  parts: { step: number; slots: Readonly<Record<string, AdamSlot>>; sinceFired: Tensor; dead: number },
): TrainingState {
  return {
    ...parts,
    dispose: () => {
      for (const { param, m, v } of Object.values(parts.slots)) ops.dispose([param, m, v]);
      ops.dispose(parts.sinceFired);
    },
  };
}

/** Step 0: initial parameters (warm-started ones replace those of the same name), zero moments. */
export async function initialState(
  ops: TensorOps,
  variant: Variant,
  source: DataSource,
  training: TrainingConfig,
  warmStart: HostTensors | undefined,
): Promise<TrainingState> {
  const center = await dataMean(source, training.seed);
  const parts = ops.tidy(() => {
    const fresh = variant.init(ops, { seed: training.seed, center, ...(warmStart ? { warmStart } : {}) });
    return { step: 0, slots: withZeroMoments(ops, fresh), sinceFired: ops.zeros([variant.dSae]), dead: 0 };
  });
  return stateOf(ops, parts);
}

function withZeroMoments(ops: TensorOps, params: Tensors): Record<string, AdamSlot> {
  return Object.fromEntries(
    Object.entries(params).map(([name, param]) => [
      name,
      { param, m: ops.zeros(param.shape), v: ops.zeros(param.shape) },
    ]),
  );
}

/** Mean activation over the first tokens of the shuffled data, in float64: `[d_in]`. */
async function dataMean(source: DataSource, seed: number): Promise<Float32Array> {
  const sums = new Float64Array(source.dIn);
  let tokens = 0;
  for await (const { x, n } of source.batches({ batchSize: Math.min(1024, source.tokens), seed })) {
    for (let i = 0; i < n * source.dIn; i++) sums[i % source.dIn]! += x[i]!;
    tokens += n;
    if (tokens >= MEAN_TOKENS) break;
  }
  if (tokens === 0) throw new UsageError("training: the data holds no tokens");
  return Float32Array.from(sums, (sum) => sum / tokens);
}
