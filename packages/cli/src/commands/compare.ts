import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { command } from "./command.ts";
import { withAnalysisOptions, type AnalysisFlags } from "./shared-options.ts";

export type CompareFlags = CommonFlags & AnalysisFlags;

export function compareCommand(): Command {
  const made = command({
    name: "compare",
    summary: "put SAEs side by side on the same data, and say what changes from the first to each of the others",
    examples: [
      "qsae compare runs/float runs/ternary --data heldout.safetensors",
      "qsae compare examples/pretrained/topk.qsae.safetensors examples/pretrained/ternary.qsae.safetensors --model examples/tiny-lm --text examples/tiny-lm/heldout.txt --windows 16 --out compare.html",
    ],
  })
    .argument("<sae...>", "two or more, each as for eval; the others are compared with the first")
    .option("--out <file>", "also write a report (.html) of all");
  return withAnalysisOptions(made).action(async (paths: readonly string[], flags: CompareFlags) => {
    const { compare } = await import("../actions/compare.ts");
    await compare(paths, flags);
  });
}
