import { root } from "../root.ts";
import { runBin, type Ended } from "../run.ts";
import { inSnippetFolder } from "./run-snippet.ts";

/**
 * Runs the `qsae` command lines of a block from their sources, one after the other, in a folder as {@link runSnippet} has it. Ends
 * with the first that fails.
 *
 * @throws Error for a line that is no `qsae` command or needs a shell
 */
export const runCommands = (code: string): Promise<Ended> => {
  const commands = commandLines(code);
  return inSnippetFolder(async (folder) => {
    let ended: Ended = { status: 0, output: "" };
    for (const args of commands) {
      const bin = ["--conditions=@qsae/source", `${root}packages/cli/src/bin.ts`];
      const { status, output } = await runBin("tsx", [...bin, ...args], { cwd: folder });
      ended = { status, output: ended.output + output };
      if (status !== 0) break;
    }
    return ended;
  });
};

/** The arguments of each line; comments and empty lines left out. */
export const commandLines = (code: string): readonly (readonly string[])[] =>
  code
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.replace(/(^|\s)#.*/, "").trim())
    .filter((line) => line !== "")
    .map((line) => {
      const [program, ...args] = line.split(/\s+/);
      if (program !== "qsae") throw new Error(`'${line}': only qsae commands run`);
      if (/["'$`|&;<>*()]/.test(line)) throw new Error(`'${line}': there is no shell to read it`);
      return args;
    });
