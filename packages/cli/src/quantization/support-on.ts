/** Which latents fire before and after, both as they are stored. */
import { overlapOf, supportCounts, type DataSource, type SupportCounts, type SupportOverlap } from "@qsae/core";
import { encodePackedSae, loadSae, type PackedSae } from "@qsae/runtime";

export interface MeasuredOverlap extends SupportOverlap {
  /** That were looked at. */
  readonly tokens: number;
}

/** Enough for a thousandth. */
const MAX_TOKENS = 20_000;
const BATCH_TOKENS = 1024;

/** On the first 20000 tokens of the source. */
export async function supportOn(
  source: DataSource,
  [before, after]: readonly [PackedSae, PackedSae],
  signal: AbortSignal,
): Promise<MeasuredOverlap> {
  const [a, b] = [loadSae(encodePackedSae(before), "before"), loadSae(encodePackedSae(after), "after")];
  let sum: SupportCounts = { tokens: 0, changed: 0, common: 0, fired: 0 };
  for await (const { x } of source.batches({ batchSize: BATCH_TOKENS })) {
    const counts = supportCounts(a.encode(x), b.encode(x));
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
}
