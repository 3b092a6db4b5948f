/** Where the time of an analysis goes: sources, SAEs and metrics that report what they take. */
import type { Batch, DataSource, Metric, RunnableSae } from "@qsae/core";

export interface Stopwatch {
  /** Runs it and adds what it took, until its promise was settled, to a part. */
  time<T>(part: string, run: () => T | Promise<T>): Promise<T>;
  /** The same of what is done when it returns. */
  timeNow<T>(part: string, run: () => T): T;
  /** Seconds by part, in the order in which they first came. */
  seconds(): ReadonlyMap<string, number>;
}

export function stopwatch(): Stopwatch {
  const seconds = new Map<string, number>();
  const addSince = (part: string, startedMs: number): void => {
    seconds.set(part, (seconds.get(part) ?? 0) + (performance.now() - startedMs) / 1000);
  };
  return {
    async time(part, run) {
      const startedMs = performance.now();
      try {
        return await run();
      } finally {
        addSince(part, startedMs);
      }
    },
    timeNow(part, run) {
      const startedMs = performance.now();
      try {
        return run();
      } finally {
        addSince(part, startedMs);
      }
    },
    seconds: () => seconds,
  };
}

export function timedSource(source: DataSource, watch: Stopwatch): DataSource {
  return {
    ...source,
    async *batches(options): AsyncGenerator<Batch> {
      const batches = source.batches(options)[Symbol.asyncIterator]();
      for (;;) {
        const next = await watch.time("making the data", () => batches.next());
        if (next.done) return;
        yield next.value;
      }
    },
  };
}

type Evaluated = Pick<RunnableSae, "dIn" | "dSae" | "encode">;

/** Its encoder alone: decoding is synchronous, and the rest of what an evaluation calls SAE time. */
export function timedEncoder<S extends Evaluated>(sae: S, watch: Stopwatch): S {
  return { ...sae, encode: (x: Float32Array) => watch.time("encode", () => sae.encode(x)) };
}

export function timedMetric<R>(part: string, metric: Metric<R>, watch: Stopwatch): Metric<R> {
  return {
    id: metric.id,
    start(shape) {
      const run = metric.start(shape);
      return {
        update: (batch) => watch.time(part, () => run.update(batch)),
        // Metrics finish one after the other: a promise would be settled when the last one has.
        finish: () => watch.timeNow(part, () => run.finish()),
      };
    },
  };
}
