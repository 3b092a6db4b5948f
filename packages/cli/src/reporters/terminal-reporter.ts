/** A training run on the terminal: a progress bar with tokens per second, time left and the current figures. */
import type { Reporter } from "@qsae/core";
import { fvu } from "../terminal/format.ts";
import type { Progress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";

export interface TerminalReporter extends Reporter {
  /** Ends the bar, whatever happened to the run. */
  readonly close: () => void;
}

export function terminalReporter(
  terminal: Pick<Terminal, "progress">,
  { label, tokensPerStep }: { readonly label: string; readonly tokensPerStep: number },
): TerminalReporter {
  let progress: Progress | undefined;
  let resampledInAll = 0;
  const close = (): void => {
    progress?.stop();
    progress = undefined;
  };
  return {
    onStart: ({ startStep, totalSteps }) => {
      progress = terminal.progress({ label, total: totalSteps * tokensPerStep, start: startStep * tokensPerStep });
    },
    onStep: ({ tokens, batchFvu, dead, resampled = 0 }) => {
      resampledInAll += resampled;
      const figures = [
        `FVU ${fvu(batchFvu)}`,
        ...(dead > 0 ? [`${dead} dead`] : []),
        ...(resampledInAll > 0 ? [`${resampledInAll} resampled`] : []),
      ];
      progress?.update(tokens, figures.join(", "));
    },
    onEnd: close,
    close,
  };
}
