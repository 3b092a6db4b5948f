import { describe, expect, it } from "vitest";
import { colorsFor } from "./colors.ts";

describe("colorsFor", () => {
  it.each([
    ["a terminal", { isTty: true, color: true, env: {} }, true],
    ["a pipe", { isTty: false, color: true, env: {} }, false],
    ["a terminal that shows none", { isTty: true, color: true, env: { TERM: "dumb" } }, false],
    ["NO_COLOR", { isTty: true, color: true, env: { NO_COLOR: "1", FORCE_COLOR: "1" } }, false],
    ["--no-color", { isTty: true, color: false, env: {} }, false],
    ["FORCE_COLOR in a pipe", { isTty: false, color: true, env: { FORCE_COLOR: "1" } }, true],
  ])("%s", (_name, choice, colored) => {
    expect(colorsFor(choice).isColorSupported).toBe(colored);
    expect(colorsFor(choice).red("x") !== "x").toBe(colored);
  });
});
