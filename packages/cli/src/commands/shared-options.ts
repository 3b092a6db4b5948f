/** Options that several commands have: which activations to evaluate on, and which language model. */
import { Option, type Command } from "commander";
import { collect, integer } from "./command.ts";

export interface DataFlags {
  readonly data?: string;
  readonly tensor?: string;
  readonly target?: string;
  readonly targetTensor?: string;
  readonly tokens?: number;
  readonly config?: string;
}

export function withDataOptions(command: Command): Command {
  return command
    .option(
      "--data <file>",
      "activations (.safetensors or .npy); default: heldout of the configuration, else those of --model on --text",
    )
    .option("--tensor <name>", "which tensor of the file; default: the only float one")
    .option(
      "--target <file>",
      "what a transcoder is to make of them: activations of the same tokens; default: the same",
    )
    .option("--target-tensor <name>", "which tensor of --target; default: the only float one")
    .option("--tokens <n>", "only the first n rows; default: all", integer(2))
    .option("--config <file>", "configuration; default: qsae.config.* of the current folder");
}

/** Of commands that analyse: on which data, in which model, and the files of the report. */
export interface AnalysisFlags extends DataFlags, ModelFlags {
  readonly out?: string;
  readonly title?: string;
  readonly jsonOut?: string;
  readonly charts?: string;
}

export function withAnalysisOptions(command: Command): Command {
  return withModelOptions(withDataOptions(command))
    .option("--title <text>", "heading of the report; default: the names of the SAEs")
    .option("--json-out <file>", "also write every number of the report, as JSON")
    .option("--charts <folder>", "also write every chart, as SVG and PNG");
}

export interface ModelFlags {
  readonly model?: string;
  readonly tokenizer?: string;
  readonly text?: readonly string[];
  readonly hook?: string;
  readonly context?: number;
  readonly windows?: number;
  readonly ablation?: "mean" | "zero";
}

export function withModelOptions(command: Command): Command {
  return command
    .option(
      "--model <path>",
      "ONNX language model, or a folder with one: measure its cross-entropy and KL with the SAE in place of its activations",
    )
    .option(
      "--tokenizer <folder>",
      "folder with tokenizer.json, also to show tokens of --data as text; default: the model's folder",
    )
    .option(
      "--text <file>",
      "plain text for --model; may be given several times; default: the windows that --data was harvested on",
      collect,
    )
    .option("--hook <name>", "layer number, name such as blocks.1, or a tensor's own name; default: what the SAE says")
    .option("--context <n>", "tokens per window of --text; default 128", integer(3))
    .option("--windows <n>", "run --model on n windows at most; default: all", integer(1))
    .addOption(
      new Option("--ablation <kind>", "what CE recovered compares with; default mean").choices(["mean", "zero"]),
    );
}
