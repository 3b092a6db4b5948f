/** Counts from vitest's JSON report (the shape is Jest's `--json`). */

/** What is read of the report. */
export interface VitestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Tests by how they ended; `skipped` holds those marked todo as well. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Counts the tests of a run that ended with `status`.
 *
 * A file that fails to load holds no test and counts as one failure. So does a run that ended badly, or ran nothing,
 * without naming a failed test: an error outside any test must not read as success.
 *
 * @param report - the parsed report; undefined when vitest wrote none
 */
export const countTests = (report: VitestReport | undefined, status: number): TestCounts => {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const file of report?.testResults ?? []) {
    const failedBefore = failed;
    for (const test of file.assertionResults) {
      if (test.status === "passed") passed++;
      else if (test.status === "failed") failed++;
      else skipped++;
    }
    if (file.status === "failed" && failed === failedBefore) failed++;
  }
  if (failed === 0 && (status !== 0 || passed === 0)) failed = 1;
  return { passed, failed, skipped };
};
