/** Runs a program and waits for it. */
import { spawn } from "node:child_process";

import { root } from "./root.ts";

/** How a program ended. */
export interface Ended {
  /** Exit status; 128 + n after signal n, as a shell would say it; 127 where the program does not exist. */
  readonly status: number;
  /** stdout and stderr in the order they came; empty when they went to the terminal. */
  readonly output: string;
}

const signalBase = 128;
const notFound = 127;
const signalNumbers: Readonly<Record<string, number>> = { SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * Runs `command` with `args`, without a shell and without stdin.
 *
 * @param options.cwd - working directory; the repository's root by default
 * @param options.env - added to this process's environment
 * @param options.show - print the output as it comes instead of collecting it; false by default
 */
export const run = (
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>>; readonly show?: boolean } = {},
): Promise<Ended> =>
  new Promise((resolve) => {
    const output = options.show ? "inherit" : "pipe";
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", output, output],
    });
    const chunks: Buffer[] = [];
    child.stdout?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", (error) => resolve({ status: notFound, output: `${command}: ${error.message}\n` }));
    child.on("close", (status, signal) =>
      resolve({
        status: status ?? signalBase + (signalNumbers[signal ?? ""] ?? 0),
        output: Buffer.concat(chunks).toString("utf8"),
      }),
    );
  });

/** Runs a program of the workspace's node_modules/.bin. */
export const runBin = (name: string, args: readonly string[], options?: Parameters<typeof run>[2]): Promise<Ended> =>
  run(`${root}node_modules/.bin/${name}`, args, options);
