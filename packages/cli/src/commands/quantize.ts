import type { Command } from "commander";
import type { CommonFlags } from "../terminal/terminal.ts";
import { command, integer, number, SAE_PATHS } from "./command.ts";

export interface QuantizeFlags extends CommonFlags {
  readonly sae: string;
  readonly encoder?: string;
  readonly decoder?: string;
  readonly bits?: number;
  readonly method?: string;
  readonly data?: string;
  readonly tensor?: string;
  readonly target?: string;
  readonly targetTensor?: string;
  readonly heldout?: string;
  readonly heldoutTarget?: string;
  readonly calibrationTokens?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly rotate?: boolean;
  readonly seed?: number;
  readonly backend?: string;
  readonly out: string;
  readonly config?: string;
}

export function quantizeCommand(): Command {
  return command({
    name: "quantize",
    summary: "compress a trained SAE to 1-8 bits per weight: by rounding alone, or with activations to make up for it",
    examples: [
      "qsae quantize --sae sae_gpt_d2048_k32 --decoder ternary --data train.safetensors --out ternary.qsae.safetensors",
      "qsae quantize --sae sae_gpt_d2048_k32 --encoder int8 --decoder int4/64 --out rounded.qsae.safetensors",
      "qsae quantize --sae sae_gpt_d2048_k32 --encoder ternary --decoder ternary --method two-phase --data train.safetensors --heldout heldout.safetensors --out small.qsae.safetensors",
      "qsae quantize --sae sae_gpt_d2048_k32 --bits 2.5 --data train.safetensors --out mixed.qsae.safetensors",
    ],
  })
    .requiredOption("--sae <path>", SAE_PATHS)
    .option(
      "--encoder <quantizer>",
      "binary, ternary, int2 .. int8, centered-int2 .. centered-int8, nf2 .. nf8, nested1 .. nested8, residual2-ternary, codebook:-1,0,1 or one of your configuration; int4/64: a scale per 64 weights, int4/tensor: one; default: as it is",
    )
    .option("--decoder <quantizer>", "the same for the dictionary")
    .option(
      "--bits <budget>",
      "instead of --decoder: so many bits per weight of the dictionary on average, more for atoms that matter more; latents that never fire on --data are dropped",
      number({ above: 0 }),
    )
    .option(
      "--method <name>",
      "rtn: to the nearest level, no data; gptq: codes, scales and biases that make up for each other, seconds; tune: gptq, then trains all but the codes, a minute; two-phase: trains the encoder's codes too, for 2 bits and less on both sides; default gptq with --data, else rtn; for --bits rtn, gptq or tune",
    )
    .option("--data <file>", "training activations of the SAE's hook (.safetensors or .npy), not those you evaluate on")
    .option("--tensor <name>", "which tensor of the file; default: the only float one")
    .option(
      "--target <file>",
      "what is to be reconstructed from --data, row by row (transcoders); default: --data itself",
    )
    .option("--target-tensor <name>", "which tensor of --target; default: the only float one")
    .option("--heldout <file>", "activations to measure FVU and L0 on, before and after")
    .option("--heldout-target <file>", "what is to be reconstructed from --heldout")
    .option("--calibration-tokens <n>", "tokens of --data that gptq looks at; default 20000", integer(1))
    .option("--steps <n>", "training steps of tune and two-phase in all; default 1000", integer(1))
    .option("--batch-size <n>", "tokens per training step; default 1024", integer(1))
    .option("--rotate", "rotate the activations' space first: helps where few dimensions dominate (d_in a power of 2)")
    .option("--seed <n>", "of samples, rotation and batches; default 0", integer(0))
    .option("--backend <name>", "auto, wasm, webgpu, cuda, tensorflow or cpu; default auto")
    .requiredOption("--out <file>", "where to write (.qsae.safetensors)")
    .option("--config <file>", "configuration; default: qsae.config.* of the current folder")
    .action(async (flags: QuantizeFlags) => {
      const { quantize } = await import("../actions/quantize.ts");
      await quantize(flags);
    });
}
