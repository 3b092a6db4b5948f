/** Which latents fire before and after, both as they are stored. */
import {
  overlapOf,
  saeOnBackend,
  supportCounts,
  type BackendSae,
  type DataSource,
  type SupportCounts,
  type SupportOverlap,
  type TensorOps,
} from "@qsae/core";
import { encodePackedSae, type PackedSae } from "@qsae/runtime";

export interface MeasuredOverlap extends SupportOverlap {
  /** That were looked at. */
  readonly tokens: number;
}

/** Enough for a thousandth. */
const MAX_TOKENS = 20_000;
const BATCH_TOKENS = 1024;

interface SupportOptions {
  /** What encodes. */
  readonly ops: TensorOps;
  readonly signal: AbortSignal;
}

/** On the first 20000 tokens of the source. */
export async function supportOn(
  source: DataSource,
  [before, after]: readonly [PackedSae, PackedSae],
  { ops, signal }: SupportOptions,
): Promise<MeasuredOverlap> {
  const opened: BackendSae[] = [];
  const open = (packed: PackedSae, name: string): BackendSae => {
    const sae = saeOnBackend(ops, encodePackedSae(packed), name);
    opened.push(sae);
    return sae;
  };
  try {
    const [a, b] = [open(before, "before"), open(after, "after")];
    let sum: SupportCounts = { tokens: 0, changed: 0, common: 0, fired: 0 };
    for await (const { x } of source.batches({ batchSize: BATCH_TOKENS })) {
      const counts = supportCounts(await a.encode(x), await b.encode(x));
      sum = {
        tokens: sum.tokens + counts.tokens,
        changed: sum.changed + counts.changed,
        common: sum.common + counts.common,
        fired: sum.fired + counts.fired,
      };
      signal.throwIfAborted();
      if (sum.tokens >= MAX_TOKENS) break;
    }
    return { ...overlapOf(sum), tokens: sum.tokens };
  } finally {
    for (const sae of opened) sae.dispose();
  }
}
