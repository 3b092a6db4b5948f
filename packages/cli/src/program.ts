import { Command } from "commander";
import { analyzeCommand } from "./commands/analyze.ts";
import { quiet } from "./commands/command.ts";
import { compareCommand } from "./commands/compare.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evalCommand } from "./commands/eval.ts";
import { harvestCommand } from "./commands/harvest.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { quantizeCommand } from "./commands/quantize.ts";
import { quickstartCommand } from "./commands/quickstart.ts";
import { trainCommand } from "./commands/train.ts";
import { version } from "./version.ts";

/** The whole command line, in the order of a project's life. */
export function program(): Command {
  const root = quiet(new Command("qsae"))
    .description("Quantized sparse autoencoders: train, compress, evaluate and look.")
    .version(version())
    .addHelpText("after", "\nExample:\n  $ qsae quickstart\n\nHelp on one of them: qsae train --help");
  for (const made of [
    quickstartCommand(),
    harvestCommand(),
    trainCommand(),
    quantizeCommand(),
    evalCommand(),
    analyzeCommand(),
    compareCommand(),
    inspectCommand(),
    doctorCommand(),
  ]) {
    root.addCommand(made);
  }
  return root;
}
