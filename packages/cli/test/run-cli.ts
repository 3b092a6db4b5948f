/** Runs the command line from its source, in a process of its own, as a person would. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url));
// By address: the tests run in folders where tsx cannot be found by name.
const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCli {
  readonly process: ChildProcessWithoutNullStreams;
  readonly outcome: Promise<Outcome>;
}

export interface CliOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export function startCli(args: readonly string[], { cwd, env }: CliOptions = {}): RunningCli {
  // What the machine that runs the tests likes for colours and width must not matter.
  const {
    NO_COLOR: _noColor,
    FORCE_COLOR: _forceColor,
    COLUMNS: _columns,
    QSAE_DEBUG: _debug,
    ...inherited
  } = process.env;
  const child = spawn(process.execPath, ["--import", loader, "--conditions=@qsae/source", bin, ...args], {
    cwd,
    env: { ...inherited, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
  });
  return { process: child, outcome };
}

export function runCli(args: readonly string[], options?: CliOptions): Promise<Outcome> {
  return startCli(args, options).outcome;
}

/** The object that `--json` prints as the last line of stdout. */
export function jsonOf({ stdout }: Pick<Outcome, "stdout">): Record<string, unknown> {
  return JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Record<string, unknown>;
}
