/** Interleaved timing: every contestant once per round, the order reversed every round, so that drift hits all alike. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Contestant {
  readonly name: string;
  /** Runs once and gives its time. */
  run(): Promise<number>;
}

/** Threads that spin after work must be asleep before the next contestant starts. */
const SETTLE_MS = 60;

/** Median milliseconds by name, after one untimed round. */
export async function interleavedMedians(
  contestants: readonly Contestant[],
  rounds: number,
): Promise<Map<string, number>> {
  const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const contestant of order) {
      await sleep(SETTLE_MS);
      await contestant.run(); // wakes threads and warms caches, for whoever's turn it is
      const ms = await contestant.run();
      if (round > 0) times.get(contestant.name)!.push(ms);
    }
  }
  return new Map([...times].map(([name, list]) => [name, median(list)]));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
