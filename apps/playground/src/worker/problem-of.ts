import { QsaeError } from "@qsae/runtime";

/** An error in words. Those of QSAE say what to do; others are bugs, or the browser's, and say what they are. */
export function problemOf(error: unknown): string {
  if (error instanceof QsaeError) return error.message;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
