import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { command } from "./command.ts";

export interface QuickstartFlags extends CommonFlags {
  readonly out: string;
  readonly modelDir?: string;
  readonly backend: string;
}

export function quickstartCommand(): Command {
  return command({
    name: "quickstart",
    summary:
      "the whole way on a small real language model, offline: harvest, train float and ternary, pack, evaluate, report",
    examples: ["qsae quickstart", "qsae quickstart --out runs/again --model-dir examples/tiny-lm"],
  })
    .option(
      "--out <folder>",
      "where everything is written; what quickstart wrote there before is replaced",
      "runs/quickstart",
    )
    .option(
      "--model-dir <folder>",
      "folder with model.onnx, tokenizer.json, train.txt and heldout.txt; default: examples/tiny-lm",
    )
    .option("--backend <name>", "auto, wasm, webgpu, cuda, tensorflow or cpu", "auto")
    .action(async (flags: QuickstartFlags) => {
      const { quickstart } = await import("../actions/quickstart.ts");
      await quickstart(flags);
    });
}
