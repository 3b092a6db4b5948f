import { expect, it } from "vitest";

import { summarize } from "./summary.ts";

it("ends with the sums over all stages", () => {
  const { lines, passed, failed } = summarize([
    { name: "build", passed: 1, failed: 0, elapsedMs: 1234 },
    { name: "tests", passed: 40, failed: 2, note: "3 skipped", elapsedMs: 60_000 },
    { name: "publint", passed: 0, failed: 1, note: "not run: the build failed", elapsedMs: 0 },
  ]);
  expect(lines).toEqual([
    "passed  build       1.2 s",
    "FAILED  tests      60.0 s  3 skipped",
    "FAILED  publint     0.0 s  not run: the build failed",
    "41 passed, 3 failed",
  ]);
  expect({ passed, failed }).toEqual({ passed: 41, failed: 3 });
});
