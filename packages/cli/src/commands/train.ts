import type { Command } from "commander";
import { collect, command, integer, number } from "./command.ts";
import type { CommonFlags } from "../terminal/terminal.ts";

export interface TrainFlags extends CommonFlags {
  readonly data?: string;
  readonly tensor?: string;
  readonly target?: string;
  readonly targetTensor?: string;
  readonly heldout?: string;
  readonly heldoutTarget?: string;
  readonly variant?: string;
  readonly dSae?: number;
  readonly k?: number;
  readonly activation?: string;
  readonly set?: readonly string[];
  readonly from?: string;
  readonly steps?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly accumulationSteps?: number;
  readonly lr?: number;
  readonly lrSchedule?: string;
  readonly lrWarmupSteps?: number;
  readonly lrDecayFraction?: number;
  readonly lrMinFraction?: number;
  readonly clipGradNorm?: number;
  readonly emaDecay?: number;
  readonly normalizeInput?: string;
  readonly bDecInit?: string;
  readonly seed?: number;
  readonly deadAfterTokens?: number;
  readonly resampleEvery?: number;
  readonly resampleUntilFraction?: number;
  readonly checkpointEvery?: number;
  readonly gradientsEvery?: number;
  readonly backend?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly config?: string;
}

export function trainCommand(): Command {
  return command({
    name: "train",
    summary: "train an SAE on activations; writes checkpoints, metrics and the packed SAE to a folder",
    examples: [
      "qsae train --data acts.safetensors --variant ternary --d-sae 4096 --k 32 --out runs/ternary",
      "qsae train --resume --out runs/ternary",
    ],
  })
    .option("--data <file>", "activations to train on (.safetensors or .npy)")
    .option("--tensor <name>", "which tensor of the file; default: the only float one")
    .option(
      "--target <file>",
      "what is to be reconstructed from --data, row by row (transcoders); default: --data itself",
    )
    .option("--target-tensor <name>", "which tensor of --target; default: the only float one")
    .option("--heldout <file>", "activations to evaluate on at the end")
    .option("--heldout-target <file>", "what is to be reconstructed from --heldout")
    .option(
      "--variant <id>",
      "baseline, batch-topk, binary, binary-latent, gated, jumprelu, matryoshka, quantized-matryoshka, relu, residual-quantized, ternary, topk, or one of your configuration",
    )
    .option("--d-sae <n>", "latents; default: 8 times the width of the data, or those of --from", integer(1))
    .option("--k <n>", "active latents per token, for TopK", integer(1))
    .option("--activation <name>", "e.g. topk, batch-topk, relu, jumprelu or gated, for variants that have a choice")
    .option("--set <key=value>", "any other key of the variant; may be given several times", collect)
    .option("--from <sae>", "start from this SAE's weights")
    .option("--steps <n>", "optimiser steps", integer(1))
    .option("--epochs <n>", "passes over the data instead of --steps; default 3", number({ above: 0 }))
    .option("--batch-size <n>", "tokens per batch; default 1024", integer(1))
    .option("--accumulation-steps <n>", "batches per optimiser step; default 1", integer(1))
    .option("--lr <rate>", "peak learning rate; default 0.001", number({ above: 0 }))
    .option("--lr-schedule <name>", "how the rate falls: constant, linear or cosine; default linear")
    .option("--lr-warmup-steps <n>", "steps over which the rate rises; default 50", integer(0))
    .option(
      "--lr-decay-fraction <share>",
      "share of the steps, at the end, over which it falls; default 0.3, for cosine 1",
      number({ min: 0, max: 1 }),
    )
    .option("--lr-min-fraction <share>", "share of --lr that it falls to; default 0", number({ min: 0, max: 1 }))
    .option("--clip-grad-norm <norm>", "scale gradients down to this norm, all together", number({ above: 0 }))
    .option("--ema-decay <decay>", "save a moving average of the weights, e.g. 0.999", number({ above: 0, max: 1 }))
    .option("--normalize-input <how>", "none or expected-norm; folded into the saved weights; default none")
    .option("--b-dec-init <center>", "where b_dec starts: mean, geometric-median or zeros; default mean")
    .option("--seed <n>", "of initialisation, order and resampling; default 0", integer(0))
    .option("--dead-after-tokens <n>", "a latent silent for so long is dead; default 20000", integer(1))
    .option("--resample-every <n>", "steps between restarts of dead latents; default: never", integer(1))
    .option(
      "--resample-until-fraction <share>",
      "share of the steps after which none is restarted; default 0.5",
      number({ min: 0, max: 1 }),
    )
    .option("--checkpoint-every <n>", "steps between checkpoints; default 200", integer(1))
    .option("--gradients-every <n>", "steps between records of gradients; default 25, 0: none", integer(0))
    .option("--backend <name>", "auto, wasm, webgpu, cuda, tensorflow or cpu; default auto")
    .option("--out <folder>", "folder of the run")
    .option("--resume", "go on with the run in --out; what it was started with need not be repeated")
    .option("--overwrite", "replace the run in --out")
    .option("--config <file>", "configuration; default: qsae.config.* of the current folder")
    .action(async (flags: TrainFlags) => {
      const { train } = await import("../actions/train.ts");
      await train(flags);
    });
}
