/** The browser that tests run in: Debian's. */
import { existsSync } from "node:fs";

export const CHROMIUM = "/usr/bin/chromium";

/** Whether `what` can be tested here. Says so where it cannot; with `QSAE_REQUIRE_BROWSER=1` it is tested, and fails. */
export function chromiumHere(what: string): boolean {
  if (existsSync(CHROMIUM) || process.env["QSAE_REQUIRE_BROWSER"] === "1") return true;
  console.warn(`SKIPPED: ${what} needs ${CHROMIUM}; QSAE_REQUIRE_BROWSER=1 makes this a failure`);
  return false;
}
