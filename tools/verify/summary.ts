/** The table at the end of `pnpm test`, whose last line is `N passed, N failed`. */

/** How one stage ended. */
export interface StageResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Why there is nothing more to say, or what should be known of a success. */
  readonly note?: string;
  readonly elapsedMs: number;
}

const seconds = (elapsedMs: number): string => `${(elapsedMs / 1000).toFixed(1)} s`;

/** Lines to print, and the counts that decide the exit status. */
export const summarize = (
  results: readonly StageResult[],
): { readonly lines: readonly string[]; readonly passed: number; readonly failed: number } => {
  const width = Math.max(0, ...results.map(({ name }) => name.length));
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  const rows = results.map(({ name, failed: failures, note, elapsedMs }) => {
    const outcome = failures === 0 ? "passed" : "FAILED";
    return `${outcome}  ${name.padEnd(width)}  ${seconds(elapsedMs).padStart(8)}${note === undefined ? "" : `  ${note}`}`;
  });
  return { lines: [...rows, `${passed} passed, ${failed} failed`], passed, failed };
};
