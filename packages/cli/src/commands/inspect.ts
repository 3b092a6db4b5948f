import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { command, SAE_PATHS } from "./command.ts";

export function inspectCommand(): Command {
  return command({
    name: "inspect",
    summary: "say what a file or folder is: SAE, training run, activations, or language model with its hooks",
    examples: ["qsae inspect runs/ternary", "qsae inspect examples/tiny-lm/model.onnx --json"],
  })
    .argument("<path>", `${SAE_PATHS}, activations, ONNX model`)
    .action(async (path: string, flags: CommonFlags) => {
      const { inspect } = await import("../actions/inspect.ts");
      await inspect(path, flags);
    });
}
