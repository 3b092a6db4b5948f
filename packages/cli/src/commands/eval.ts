import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { command, SAE_PATHS } from "./command.ts";
import { withDataOptions, withModelOptions, type DataFlags, type ModelFlags } from "./shared-options.ts";

export interface EvalFlags extends CommonFlags, DataFlags, ModelFlags {
  readonly sae: string;
}

export function evalCommand(): Command {
  const made = command({
    name: "eval",
    summary: "measure an SAE, as it is stored, on activations: FVU, L0, dead latents, size",
    examples: [
      "qsae eval --sae runs/ternary --data heldout.safetensors --json",
      "qsae eval --sae runs/transcoder --data mlp-in.safetensors --target mlp-out.safetensors",
      "qsae eval --sae examples/pretrained/ternary.qsae.safetensors --model examples/tiny-lm --text examples/tiny-lm/heldout.txt --windows 16",
    ],
  }).requiredOption("--sae <path>", SAE_PATHS);
  return withModelOptions(withDataOptions(made)).action(async (flags: EvalFlags) => {
    const { evaluate } = await import("../actions/eval.ts");
    await evaluate(flags);
  });
}
