import { describe, expect, it, vi } from "vitest";

import type { Engine } from "../engine.ts";
import { timed, wantedByTime } from "./encode-timing.ts";

type Milliseconds = { readonly exact: number; readonly certified: number };

/** Calls as `auto` makes them, when each way takes so many milliseconds. */
function ways(
  count: number,
  times: Milliseconds | ((call: number) => Milliseconds),
  shapes: readonly number[] = [512],
) {
  const engine = {} as Engine;
  const clock = vi.spyOn(performance, "now");
  let now = 0;
  clock.mockImplementation(() => now);
  try {
    return Array.from({ length: count }, (_, call) => {
      const shape = { n: shapes[call % shapes.length]!, dIn: 8, dSae: 64, k: 2 };
      const way = wantedByTime(engine, shape);
      timed(engine, shape, way, () => (now += (typeof times === "function" ? times(call) : times)[way]));
      return way;
    });
  } finally {
    clock.mockRestore();
  }
}

describe("wantedByTime", () => {
  it("tries both ways twice, then keeps the faster one", () => {
    const first = ["certified", "exact", "certified", "exact"];
    expect(ways(10, { exact: 3, certified: 2 })).toEqual([...first, ...Array<string>(6).fill("certified")]);
    expect(ways(10, { exact: 2, certified: 3 })).toEqual([...first, ...Array<string>(6).fill("exact")]);
  });

  it("tries the slower one again every 128 calls", () => {
    const calls = ways(300, { exact: 2, certified: 3 }).slice(4);
    expect(calls.flatMap((way, i) => (way === "certified" ? [i + 4] : []))).toEqual([128, 256]);
  });

  it("is not misled by one call that something else slowed down", () => {
    const calls = ways(100, (call) => (call === 50 ? { exact: 90, certified: 90 } : { exact: 3, certified: 2 }));
    expect(calls.slice(51).every((way) => way === "certified")).toBe(true);
  });

  it("changes its mind when a way has become slower", () => {
    const calls = ways(300, (call) => (call < 20 ? { exact: 3, certified: 2 } : { exact: 3, certified: 4 }));
    expect(calls.slice(60, 120).every((way) => way === "exact")).toBe(true);
  });

  it("learns for each size of batch", () => {
    expect(ways(8, { exact: 3, certified: 2 }, [512, 8192])).toEqual(
      ["certified", "exact", "certified", "exact"].flatMap((way) => [way, way]),
    );
  });
});
