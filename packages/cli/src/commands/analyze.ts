import type { Command } from "commander";
import type { ReferenceSpelling } from "../files/reference-spelling.ts";
import type { CommonFlags } from "../terminal/terminal.ts";
import { collect, command } from "./command.ts";
import { withReferenceSpelling } from "./reference-options.ts";
import { withAnalysisOptions, type AnalysisFlags } from "./shared-options.ts";

export interface AnalyzeFlags extends CommonFlags, AnalysisFlags, ReferenceSpelling {
  readonly sae?: readonly string[];
  readonly reference?: string;
}

export function analyzeCommand(): Command {
  const made = command({
    name: "analyze",
    summary: "look at SAEs from all sides and write a report: one HTML file that opens from disk",
    examples: [
      "qsae analyze --sae runs/float --sae runs/ternary --data heldout.safetensors --out report.html",
      "qsae analyze --sae int4.qsae.safetensors --reference runs/float --data heldout.safetensors",
      "qsae analyze --sae examples/pretrained/ternary.qsae.safetensors --model examples/tiny-lm --text examples/tiny-lm/heldout.txt --windows 16",
    ],
  })
    .option("--sae <path>", "as for eval; a run folder adds its training curves; may be given several times", collect)
    .option(
      "--reference <path>",
      "the float SAE that the others were made from: what became of its latents and weights",
    )
    .option("--out <file>", "where to write the report; default: NAME-report.html of the first SAE, in this folder");
  return withReferenceSpelling(withAnalysisOptions(made)).action(async (flags: AnalyzeFlags) => {
    const { analyze } = await import("../actions/analyze.ts");
    await analyze(flags);
  });
}
