import { describe, expect, it, vi } from "vitest";
import { colorsFor } from "./colors.ts";
import { barLine, startProgress } from "./progress.ts";

const colors = colorsFor({ isTty: false, color: false, env: {} });
const options = { label: "train float", total: 1000 };
const measured = { done: 520, ratePerSecond: 41_300, secondsLeft: 17, extra: "FVU 0.0830" };

describe("barLine", () => {
  it("shows share, rate, time left and the current figures where there is room", () => {
    expect(barLine(options, measured, 100, colors)).toMatch(
      /^train float {2}█+░+ {3}52 % {2}41,300 tokens\/s {2}0:17 left {2}FVU 0.0830$/,
    );
  });

  it("fits every width; the bar shrinks first, then words go, the share last", () => {
    for (let columns = 12; columns <= 200; columns++) {
      const line = barLine(options, measured, columns, colors);
      expect(line.length, line).toBeLessThan(columns);
      if (columns >= 20) expect(line).toContain("52 %");
    }
    expect(barLine(options, measured, 40, colors)).toContain("0:17 left");
  });

  it("has neither rate nor time left before anything is done", () => {
    const line = barLine(options, { done: 0, ratePerSecond: 0, secondsLeft: Infinity, extra: "" }, 80, colors);
    expect(line).toMatch(/^train float {2}░+ {4}0 %$/);
  });
});

describe("progress without a terminal", () => {
  const written: string[] = [];
  const stream = { isTTY: false, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;

  it("is a plain line now and then, and the last one always", () => {
    vi.useFakeTimers();
    try {
      const progress = startProgress(options, { stream, colors });
      for (let done = 0; done <= 1000; done += 10) {
        vi.advanceTimersByTime(100);
        progress.update(done, "FVU 0.1");
      }
      progress.stop();
    } finally {
      vi.useRealTimers();
    }
    expect(written).toEqual([
      "train float: 49 %, 98 tokens/s, 0:05 left, FVU 0.1\n",
      "train float: 99 %, 99 tokens/s, 0:00 left, FVU 0.1\n",
      "train float: 100 %, 99 tokens/s, FVU 0.1\n",
    ]);
  });
});
