/**
 * What all commands share: an example in the help, `--json`, `--no-color`, `--debug`, and errors of one line that say what is
 * allowed. Command files import nothing heavy: what does the work is imported when a command runs, so that `qsae --help`
 * answers at once.
 */
import { Command, CommanderError, InvalidArgumentError } from "commander";

export interface CommandText {
  readonly name: string;
  readonly summary: string;
  /** Command lines that work as they stand, one per line. */
  readonly examples: readonly string[];
}

export function command({ name, summary, examples }: CommandText): Command {
  const made = new Command(name)
    .description(summary)
    .option("--json", "print one JSON object as the last line of stdout")
    .option("--no-color", "no colours (NO_COLOR does the same)")
    .option("--debug", "show the stack of errors (QSAE_DEBUG=1 does the same)")
    .addHelpText(
      "after",
      `\nExample${examples.length > 1 ? "s" : ""}:\n${examples.map((line) => `  $ ${line}`).join("\n")}`,
    );
  return quiet(made);
}

/** Commander throws instead of exiting and printing: main decides on both. */
export function quiet(made: Command): Command {
  return made.configureOutput({ outputError: () => undefined }).exitOverride((error) => {
    throw withAllowed(error, made);
  });
}

/** The error with what would have been allowed, where commander does not say so. One line. */
function withAllowed(error: CommanderError, made: Command): CommanderError {
  const [first, suggestion = ""] = error.message.split("\n");
  const problem = [first!.replace(/\.$/, ""), suggestion.replace("(Did", "(did")]
    .filter((part) => part !== "")
    .join(" ");
  return new CommanderError(error.exitCode, error.code, `${problem}${allowed(error.code, made)}`);
}

function allowed(code: string, made: Command): string {
  switch (code) {
    case "commander.unknownOption": {
      const isRoot = made.parent === null;
      const options = [...made.options.map((option) => option.long ?? option.short), "--help"].join(", ");
      return `; allowed: ${options}${isRoot ? " (options of a command come after its name)" : ""}`;
    }
    case "commander.unknownCommand":
      return `; allowed: ${made.commands.map((sub) => sub.name()).join(", ")}`;
    case "commander.excessArguments":
    case "commander.missingArgument":
    case "commander.missingMandatoryOptionValue":
      return `; usage: ${usageOf(made)}`;
    default:
      return "";
  }
}

/** `qsae eval --sae <path> [options]` */
function usageOf(made: Command): string {
  const required = made.options.filter((option) => option.mandatory).map((option) => option.flags);
  const path = made.parent ? `${made.parent.name()} ${made.name()}` : made.name();
  const names = made.registeredArguments.map((argument) => `<${argument.name()}>`);
  return [path, ...names, ...required, "[options]"].join(" ");
}

/** What an SAE may be given as: open-sae.ts, files/sae-path.ts. */
export const SAE_PATHS =
  "packed file, run folder, checkpoint, SAELens folder, or .pth file of the Python reference " +
  "(with what it does not say: sae.pth,variant=baseline,k=32; keys variant, n_bits, gamma, k)";

/** For `.option("--steps <n>", "...", integer(1))`. */
export function integer(min: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isSafeInteger(value) || value < min) {
      throw new InvalidArgumentError(`Expected a whole number of at least ${min}.`);
    }
    return value;
  };
}

/** For numbers in a range, `max` included. */
export function number({ above, min, max }: { above?: number; min?: number; max?: number }): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const inRange =
      !(above !== undefined && value <= above) &&
      !(min !== undefined && value < min) &&
      !(max !== undefined && value > max);
    if (text.trim() === "" || !Number.isFinite(value) || !inRange) {
      const bounds = [
        above === undefined ? "" : `above ${above}`,
        min === undefined ? "" : `at least ${min}`,
        max === undefined ? "" : `at most ${max}`,
      ];
      throw new InvalidArgumentError(`Expected a number ${bounds.filter((bound) => bound !== "").join(" and ")}.`);
    }
    return value;
  };
}

/** For options that may be given several times. */
export function collect(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), text];
}
