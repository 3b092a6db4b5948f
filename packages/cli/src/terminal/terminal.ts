/**
 * Where a command speaks. Results go to stdout, everything else (progress, notes, errors) to stderr, so that output can be
 * piped. Under `--json` stdout carries one line, the result.
 */
import { colorsFor, type Colors } from "./colors.ts";
import { startProgress, type Progress, type ProgressOptions } from "./progress.ts";

/** Options that every command has. */
export interface CommonFlags {
  readonly json?: boolean;
  readonly color: boolean;
  readonly debug?: boolean;
}

export interface Terminal {
  /** Columns of stdout; Infinity where it is no terminal. */
  readonly columns: number;
  /** Colours of stdout. */
  readonly colors: Colors;
  /** For people, on stdout; nothing under `--json`. */
  print(text: string): void;
  /** A line on stderr. */
  note(text: string): void;
  /** The result of the command: one JSON object on stdout under `--json`, else nothing. */
  result(value: Readonly<Record<string, unknown>>): void;
  progress(options: ProgressOptions): Progress;
}

export function openTerminal({ json = false, color }: Pick<CommonFlags, "json" | "color">): Terminal {
  const { stdout, stderr, env } = process;
  return {
    columns: columnsOf(stdout),
    colors: colorsFor({ isTty: stdout.isTTY && !json, color, env }),
    print: (text) => {
      if (!json) stdout.write(`${text}\n`);
    },
    note: (text) => void stderr.write(`${text}\n`),
    result: (value) => {
      if (json) stdout.write(`${JSON.stringify(value)}\n`);
    },
    progress: (options) =>
      startProgress(options, { stream: stderr, colors: colorsFor({ isTty: stderr.isTTY, color, env }) }),
  };
}

/** COLUMNS, where it is set, stands in for a terminal that does not tell (and makes narrow output testable). */
function columnsOf(stdout: NodeJS.WriteStream): number {
  const set = Number(process.env["COLUMNS"]);
  return (stdout.isTTY ? stdout.columns : 0) || (set > 0 ? set : Infinity);
}
