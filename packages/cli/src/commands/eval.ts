import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { command, integer, SAE_PATHS } from "./command.ts";

export interface EvalFlags extends CommonFlags {
  readonly sae: string;
  readonly data?: string;
  readonly tensor?: string;
  readonly target?: string;
  readonly targetTensor?: string;
  readonly tokens?: number;
  readonly config?: string;
}

export function evalCommand(): Command {
  return command({
    name: "eval",
    summary: "measure an SAE, as it is stored, on activations: FVU, L0, dead latents, size",
    examples: [
      "qsae eval --sae runs/ternary --data heldout.safetensors --json",
      "qsae eval --sae runs/transcoder --data mlp-in.safetensors --target mlp-out.safetensors",
    ],
  })
    .requiredOption("--sae <path>", SAE_PATHS)
    .option("--data <file>", "activations (.safetensors or .npy); default: heldout of the configuration")
    .option("--tensor <name>", "which tensor of the file; default: the only float one")
    .option(
      "--target <file>",
      "what a transcoder is to make of them: activations of the same tokens; default: the same",
    )
    .option("--target-tensor <name>", "which tensor of --target; default: the only float one")
    .option("--tokens <n>", "only the first n rows; default: all", integer(2))
    .option("--config <file>", "configuration; default: qsae.config.* of the current folder")
    .action(async (flags: EvalFlags) => {
      const { evaluate } = await import("../actions/eval.ts");
      await evaluate(flags);
    });
}
