import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { command, SAE_PATHS } from "./command.ts";

export interface QuantizeFlags extends CommonFlags {
  readonly sae: string;
  readonly encoder?: string;
  readonly decoder?: string;
  readonly out: string;
  readonly config?: string;
}

export function quantizeCommand(): Command {
  return command({
    name: "quantize",
    summary: "round the weights of an SAE to the nearest level of a quantizer; nothing is retrained",
    examples: [
      "qsae quantize --sae sae_gpt_d2048_k32 --encoder int8 --decoder int4 --out int4.qsae.safetensors",
      "qsae quantize --sae sae_gpt_d2048_k32 --decoder nf4/64 --out nf4.qsae.safetensors",
    ],
  })
    .requiredOption("--sae <path>", SAE_PATHS)
    .option(
      "--encoder <quantizer>",
      "binary, ternary, int2 .. int8, centered-int2 .. centered-int8, nf2 .. nf8, nested1 .. nested8, residual2-ternary, codebook:-1,0,1 or one of your configuration; int4/64: a scale per 64 weights, int4/tensor: one; default: as it is",
    )
    .option("--decoder <quantizer>", "the same for the dictionary")
    .requiredOption("--out <file>", "where to write (.qsae.safetensors)")
    .option("--config <file>", "configuration; default: qsae.config.* of the current folder")
    .action(async (flags: QuantizeFlags) => {
      const { quantize } = await import("../actions/quantize.ts");
      await quantize(flags);
    });
}
