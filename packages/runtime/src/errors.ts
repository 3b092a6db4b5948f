/**
 * Errors that tell a person what to do. Each message says where it happened, what was given, what is allowed.
 * The command line maps them to exit codes: {@link UsageError} 2, every other {@link QsaeError} 1.
 */
export class QsaeError extends Error {
  override readonly name: string = "QsaeError";
}

/** The caller asked for something that is not allowed: an unknown name, an option out of range, shapes that do not match. */
export class UsageError extends QsaeError {
  override readonly name = "UsageError";
}

/** A problem may quote what a file says, and a file may say anything. */
const MAX_PROBLEM_LENGTH = 1000;

/**
 * Something read from outside (a file, a header, a config) is not what it should be. The message names the source first;
 * it is cut to a readable length and has no control characters, which a terminal might obey.
 */
export class FormatError extends QsaeError {
  override readonly name = "FormatError";
  constructor(
    readonly source: string,
    problem: string,
  ) {
    const shown = problem.length > MAX_PROBLEM_LENGTH ? `${problem.slice(0, MAX_PROBLEM_LENGTH)}...` : problem;
    super(`${source}: ${shown}`.replace(/[^\P{Cc}\n\t]/gu, "\uFFFD"));
  }
}

/** NaN or Inf in data or in a training step. */
export class NonFiniteError extends QsaeError {
  override readonly name = "NonFiniteError";
}

/** `unknown("backend", "gpu", ["cpu", "wasm"])` -> `unknown backend "gpu"; allowed: cpu, wasm`. */
export function unknownName(what: string, given: string, allowed: Iterable<string>): UsageError {
  return new UsageError(`unknown ${what} "${given}"; allowed: ${[...allowed].join(", ")}`);
}
