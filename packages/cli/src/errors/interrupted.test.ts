import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InterruptedError, interruptible } from "./interrupted.ts";

describe("interruptible", () => {
  const exit = vi.fn();
  beforeEach(() => {
    vi.spyOn(process, "exit").mockImplementation(exit as never);
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    exit.mockReset();
  });

  it.each(["SIGINT", "SIGTERM"] as const)("%s aborts the signal with an InterruptedError", async (name) => {
    const stopped = await interruptible("stopping", async (signal) => {
      process.emit(name);
      return signal.reason as unknown;
    });
    expect(stopped).toBeInstanceOf(InterruptedError);
    expect(exit).not.toHaveBeenCalled();
  });

  it("exits at the second key press, but not at the echo of the first through npm and tsx", async () => {
    await interruptible("stopping", async () => {
      process.emit("SIGINT");
      process.emit("SIGINT");
      expect(exit).not.toHaveBeenCalled();
      await sleep(450);
      process.emit("SIGINT");
      expect(exit).toHaveBeenCalledWith(130);
    });
  });

  it("leaves no listener behind", async () => {
    const before = process.listenerCount("SIGINT");
    await interruptible("stopping", () => Promise.resolve());
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
