/**
 * The state of a run off a device that can be lost with everything on it. Copies are made by the clock, which changes nothing
 * of what the run computes.
 */
import type { TrainingCheckpoint } from "../../contracts/sae-checkpoint.ts";

/** What a loss costs at most, where copying is quick. */
const PERIOD_MS = 30_000;
/** Copying takes at most this share of a run's time. */
const MOST_SHARE = 0.05;

export interface HostCopies {
  /** The last one; absent before the first. */
  readonly last: TrainingCheckpoint | undefined;
  /** Whether it is time for one: after the first step, and then every now and again. */
  due(): boolean;
  /** Makes one, and keeps it in place of the one before. */
  make(snapshot: () => Promise<TrainingCheckpoint>): Promise<TrainingCheckpoint>;
}

/** @param nowMs a clock */
export function hostCopies(nowMs: () => number = () => performance.now()): HostCopies {
  let last: TrainingCheckpoint | undefined;
  let dueMs = -Infinity;
  return {
    get last() {
      return last;
    },
    due: () => nowMs() >= dueMs,
    make: async (snapshot) => {
      const startMs = nowMs();
      last = await snapshot();
      const endMs = nowMs();
      dueMs = endMs + Math.max(PERIOD_MS, (endMs - startMs) / MOST_SHARE);
      return last;
    },
  };
}
