/** Several training runs, one after the other, on one progress bar. */
import type { Reporter } from "@qsae/core";
import { fvu } from "../terminal/format.ts";
import type { Progress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface RoundsReporter extends Reporter {
  /** Ends the bar, whatever happened to the runs. */
  readonly close: () => void;
}

/** @param total training tokens of all runs */
export function roundsReporter(
  terminal: Pick<Terminal, "progress">,
  { label, total }: { readonly label: string; readonly total: number },
): RoundsReporter {
  let progress: Progress | undefined;
  let [before, now] = [0, 0];
  return {
    onStart: () => {
      before += now;
      now = 0;
      // begins with the first run: what comes before has no steps
      progress ??= terminal.progress({ label, total });
    },
    onStep: ({ tokens, batchFvu }) => {
      now = tokens;
      progress?.update(before + now, `FVU ${fvu(batchFvu)}`);
    },
    close: () => progress?.stop(),
  };
}
