import { afterEach, expect, it, vi } from "vitest";
import { linuxHasNoGpu } from "./find-gpu-of-linux.ts";

afterEach(() => vi.unstubAllGlobals());

const withDevices = (present: readonly string[], platform = "linux"): boolean => {
  const files = { existsSync: (path: string) => present.includes(path) };
  vi.stubGlobal("process", { platform, getBuiltinModule: () => files });
  return linuxHasNoGpu();
};

it("knows a Linux without any device of a GPU", () => {
  expect(withDevices(["/dev/null"])).toBe(true);
});

it.each(["/dev/dri", "/dev/nvidiactl", "/dev/dxg"])("takes %s for a GPU", (device) => {
  expect(withDevices([device])).toBe(false);
});

it("claims nothing of other systems, of browsers, and of a Node that does not let it look", () => {
  expect(withDevices([], "darwin")).toBe(false);
  vi.stubGlobal("process", { platform: "linux" });
  expect(linuxHasNoGpu()).toBe(false);
  vi.stubGlobal("process", undefined);
  expect(linuxHasNoGpu()).toBe(false);
});
