import { type Command, Option } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { collect, command, integer } from "./command.ts";

export interface HarvestFlags extends CommonFlags {
  readonly model: string;
  readonly tokenizer?: string;
  readonly text: readonly string[];
  readonly hook: string;
  readonly out: string;
  readonly context: number;
  readonly maxTokens?: number;
  readonly batchSize?: number;
  readonly dropFirst: number;
  readonly dtype: "float16" | "float32";
}

export function harvestCommand(): Command {
  return command({
    name: "harvest",
    summary: "run a language model (ONNX) over text and write what passes through one of its tensors",
    examples: [
      "qsae harvest --model examples/tiny-lm/model.onnx --tokenizer examples/tiny-lm --text examples/tiny-lm/train.txt --hook blocks.1 --out acts.safetensors",
      "qsae inspect examples/tiny-lm/model.onnx",
    ],
  })
    .requiredOption("--model <file>", "ONNX language model in one file")
    .option("--tokenizer <folder>", "folder with tokenizer.json; default: the model's folder")
    .requiredOption("--text <file>", "plain text; may be given several times", collect)
    .requiredOption(
      "--hook <name>",
      "layer number, name such as blocks.1, or a tensor's own name; qsae inspect MODEL lists them",
    )
    .requiredOption("--out <file>", "where to write (.safetensors)")
    .option("--context <n>", "tokens per window", integer(2), 128)
    .option("--max-tokens <n>", "rows to write at most; default: all", integer(1))
    .option("--batch-size <n>", "windows per run of the model; default 8", integer(1))
    .option("--drop-first <n>", "positions left out at the start of every window", integer(0), 1)
    .addOption(
      new Option("--dtype <type>", "how activations are stored").choices(["float16", "float32"]).default("float16"),
    )
    .action(async (flags: HarvestFlags) => {
      const { harvest } = await import("../actions/harvest.ts");
      await harvest(flags);
    });
}
