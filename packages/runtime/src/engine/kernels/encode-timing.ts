/**
 * Which of two ways to the same bits is faster here and now: both are timed on real calls, the faster one is kept, and the
 * other one tried again from time to time, because what integer scores cost depends on the weights, which train.
 */
import type { Engine } from "../engine.ts";

type Way = "exact" | "certified";

interface Shape {
  readonly n: number;
  readonly dIn: number;
  readonly dSae: number;
  readonly k: number;
}

interface Timing {
  calls: number;
  /** Milliseconds that each way takes: the least so far, which grows a little with every call to forget the past. */
  readonly typical: Partial<Record<Way, number>>;
}

/** The first call of a way pays for its first pages of memory: it is timed again before anything is decided. */
const WARM_UP = 2;
/** After a try of the slower way, so many calls of the faster one: less than 1 % if it is twice as slow. */
const RETRY_EVERY = 128;

/** A way that has become twice as slow is seen to be after 35 calls. */
const FORGET = 1.02;

const timings = new WeakMap<Engine, Map<string, Timing>>();

function timingOf(engine: Engine, { n, dIn, dSae, k }: Shape): Timing {
  let shapes = timings.get(engine);
  if (shapes === undefined) timings.set(engine, (shapes = new Map<string, Timing>()));
  // Batches of about the same size share what they learn.
  const key = [Math.round(Math.log2(n)), dIn, dSae, k].join(" ");
  let timing = shapes.get(key);
  if (timing === undefined) shapes.set(key, (timing = { calls: 0, typical: {} }));
  return timing;
}

/** What the next call of this shape should do. */
export function wantedByTime(engine: Engine, shape: Shape): Way {
  const { calls, typical } = timingOf(engine, shape);
  if (calls < 2 * WARM_UP) return calls % 2 === 0 ? "certified" : "exact";
  const faster = (typical.certified ?? 0) <= (typical.exact ?? 0) ? "certified" : "exact";
  if (calls % RETRY_EVERY !== 0) return faster;
  return faster === "exact" ? "certified" : "exact";
}

/** Runs and remembers how long it took. */
export function timed<T>(engine: Engine, shape: Shape, way: Way, run: () => T): T {
  const timing = timingOf(engine, shape);
  const started = performance.now();
  const result = run();
  // The least, not the last: another program may have slowed this call down, none can have sped it up.
  timing.typical[way] = Math.min(performance.now() - started, (timing.typical[way] ?? Infinity) * FORGET);
  timing.calls++;
  return result;
}
