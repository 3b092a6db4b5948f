import { describeError } from "./errors/describe-error.ts";
import { program } from "./program.ts";
import { colorsFor } from "./terminal/colors.ts";

/** Runs one command line and returns the exit code. @param args without node and script */
export async function main(args: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  try {
    await program().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    const debug = args.includes("--debug") || Boolean(process.env["QSAE_DEBUG"]);
    const { text, exitCode } = describeError(error, { debug });
    const color = !args.includes("--no-color");
    const colors = colorsFor({ isTty: process.stderr.isTTY, color, env: process.env });
    if (text !== undefined) process.stderr.write(`${text.replace(/^[a-z ]*error:/, (prefix) => colors.red(prefix))}\n`);
    return exitCode;
  }
}

/** `qsae ... | head` closes the pipe when it has seen enough: no reason to complain. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
