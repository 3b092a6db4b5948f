/**
 * Ctrl-C (SIGINT) and SIGTERM: the first asks the work to stop at the next whole step, the second ends the process at once.
 */
import { QsaeError } from "@qsae/runtime";

/** Exit code of an interrupted command: 128 + SIGINT. */
export const INTERRUPTED_EXIT_CODE = 130;

/** Why the signal of {@link interruptible} was aborted. */
export class InterruptedError extends QsaeError {
  override readonly name = "InterruptedError";
}

/**
 * npm, pnpm and tsx pass a signal on to their child, which has had it from the terminal already: what follows this closely is
 * the same key press.
 */
const SAME_KEY_PRESS_MS = 400;

/** Runs `work` with a signal that Ctrl-C aborts. `notice` goes to stderr at the first one. */
export async function interruptible<T>(notice: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let firstMs: number | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    if (firstMs === undefined) {
      firstMs = performance.now();
      process.stderr.write(`\n${notice} (Ctrl-C again: exit at once)\n`);
      controller.abort(new InterruptedError(`interrupted by ${name}`));
    } else if (performance.now() - firstMs > SAME_KEY_PRESS_MS) {
      process.exit(INTERRUPTED_EXIT_CODE);
    }
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}
