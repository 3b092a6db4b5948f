/** What a person sees of an error, and the exit code: 2 the caller's mistake, 1 anything else, 130 interrupted. */
import { CommanderError } from "commander";
import { QsaeError, UsageError } from "@qsae/runtime";
import { INTERRUPTED_EXIT_CODE, InterruptedError } from "./interrupted.ts";

export interface DescribedError {
  /** For stderr; undefined where everything has been said (help was printed). */
  readonly text: string | undefined;
  readonly exitCode: number;
}

/** Expected errors are one line. Unexpected ones say how to get the stack, or show it where `debug` is set. */
export function describeError(error: unknown, { debug }: { debug: boolean }): DescribedError {
  if (error instanceof CommanderError) {
    const saysEverything = error.exitCode === 0 || error.code === "commander.help";
    if (saysEverything) return { text: undefined, exitCode: error.code === "commander.help" ? 2 : 0 };
    return { text: oneLine(error.message), exitCode: 2 };
  }
  if (error instanceof InterruptedError) return { text: error.message, exitCode: INTERRUPTED_EXIT_CODE };
  const stack = debug && error instanceof Error ? `\n${error.stack}` : "";
  if (error instanceof QsaeError) {
    return { text: `error: ${oneLine(error.message)}${stack}`, exitCode: error instanceof UsageError ? 2 : 1 };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = debug ? "" : " (a fault in qsae, not in your input; --debug shows where)";
  return { text: `unexpected error: ${oneLine(message)}${hint}${stack}`, exitCode: 1 };
}

function oneLine(message: string): string {
  return message.replace(/\s*\n\s*/g, " ").trim();
}
