/** Which latents fire before and after, both as they are stored. */
import { supportOverlap, type DataSource, type SupportOverlap } from "@qsae/core";
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
  let [fired, common, changed, tokens] = [0, 0, 0, 0];
  for await (const { x, n } of source.batches({ batchSize: BATCH_TOKENS })) {
    const [latentsA, latentsB] = [a.encode(x), b.encode(x)];
    const support = supportOverlap(latentsA, latentsB);
    const firedHere = latentsA.indices.length + latentsB.indices.length;
    // ratios of batches back to sums: one ratio is formed, at the end
    common += (support.overlap * firedHere) / 2;
    fired += firedHere;
    changed += support.changedTokens * n;
    tokens += n;
    signal.throwIfAborted();
    if (tokens >= MAX_TOKENS) break;
  }
  return { overlap: fired === 0 ? 1 : (2 * common) / fired, changedTokens: changed / Math.max(1, tokens), tokens };
}
