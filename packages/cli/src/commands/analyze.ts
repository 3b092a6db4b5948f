import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { collect, command, integer } from "./command.ts";

export interface AnalyzeFlags extends CommonFlags {
  readonly sae: readonly string[];
  readonly data?: string;
  readonly tensor?: string;
  readonly target?: string;
  readonly targetTensor?: string;
  readonly tokens?: number;
  readonly out: string;
  readonly reference?: string;
  readonly title?: string;
  readonly config?: string;
}

export function analyzeCommand(): Command {
  return command({
    name: "analyze",
    summary: "evaluate SAEs and write a report: one HTML file that opens from disk",
    examples: [
      "qsae analyze --sae runs/float --sae runs/ternary --data heldout.safetensors --out report.html",
      "qsae analyze --sae int4.qsae.safetensors --reference runs/float --data heldout.safetensors --out int4.html",
    ],
  })
    .requiredOption(
      "--sae <path>",
      "as for eval; a run folder adds its training curves; may be given several times",
      collect,
    )
    .option("--data <file>", "activations (.safetensors or .npy); default: heldout of the configuration")
    .option("--tensor <name>", "which tensor of the file; default: the only float one")
    .option(
      "--target <file>",
      "what a transcoder is to make of them: activations of the same tokens; default: the same",
    )
    .option("--target-tensor <name>", "which tensor of --target; default: the only float one")
    .option("--tokens <n>", "only the first n rows; default: all", integer(2))
    .requiredOption("--out <file>", "where to write the report (.html)")
    .option(
      "--reference <path>",
      "the float SAE that the others were made from: what became of its latents and weights",
    )
    .option("--title <text>", "heading of the report; default: the names of the SAEs")
    .option("--config <file>", "configuration; default: qsae.config.* of the current folder")
    .action(async (flags: AnalyzeFlags) => {
      const { analyze } = await import("../actions/analyze.ts");
      await analyze(flags);
    });
}
