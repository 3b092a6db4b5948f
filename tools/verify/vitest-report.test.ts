import { expect, it } from "vitest";

import { countTests } from "./vitest-report.ts";

const file = (status: string, ...tests: string[]) => ({
  name: "x.test.ts",
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

it("adds up the tests of all files", () => {
  const testResults = [file("passed", "passed", "skipped", "todo", "pending"), file("failed", "passed", "failed")];
  expect(countTests({ testResults }, 1)).toEqual({ passed: 2, failed: 1, skipped: 3 });
});

it("counts a file that does not load as one failure", () => {
  expect(countTests({ testResults: [file("passed", "passed"), file("failed")] }, 1)).toMatchObject({ failed: 1 });
});

it("fails where vitest failed without a failing test, as after an unhandled rejection", () => {
  expect(countTests({ testResults: [file("passed", "passed")] }, 1)).toMatchObject({ passed: 1, failed: 1 });
});

it("fails where nothing passed", () => {
  expect(countTests({ testResults: [] }, 0)).toMatchObject({ failed: 1 });
  expect(countTests({ testResults: [file("passed", "skipped")] }, 0)).toMatchObject({ failed: 1 });
  expect(countTests(undefined, 0)).toMatchObject({ failed: 1 });
});
