import { describeError } from "./errors/describe-error.ts";
import { program } from "./program.ts";
import { colorsFor } from "./terminal/colors.ts";

/** Runs one command line and returns the exit code. @param args without node and script */
export async function main(args: readonly string[]): Promise<number> {
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
