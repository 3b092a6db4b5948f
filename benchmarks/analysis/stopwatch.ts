/** Where the time of an analysis goes: sources, SAEs and metrics that report what they take. */
import type { Batch, DataSource, Metric, RunnableSae } from "@qsae/core";

export interface Stopwatch {
  /** Runs it and adds what it took to a part. */
  time<T>(part: string, run: () => T | Promise<T>): Promise<T>;
  /** Seconds by part, in the order in which they first came. */
  seconds(): ReadonlyMap<string, number>;
}

export function stopwatch(): Stopwatch {
  const seconds = new Map<string, number>();
  return {
    async time(part, run) {
      const startedMs = performance.now();
      try {
        return await run();
      } finally {
        seconds.set(part, (seconds.get(part) ?? 0) + (performance.now() - startedMs) / 1000);
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

export function timedMetric<R>(part: string, metric: Metric<R>, watch: Stopwatch): Metric<Promise<R>> {
  return {
    id: metric.id,
    start(shape) {
      const run = metric.start(shape);
      return {
        update: (batch) => watch.time(part, () => run.update(batch)),
        finish: () => watch.time(part, () => run.finish()),
      };
    },
  };
}
