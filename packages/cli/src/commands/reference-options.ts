/** Options in the spelling of the Python reference; `files/reference-spelling.ts` says what they mean. */
import { Option, type Command } from "commander";
import { integer, number } from "./command.ts";

/** Adds them, out of the list of options and in a paragraph of their own below the examples. */
export function withReferenceSpelling(made: Command): Command {
  const options = [
    new Option("--model_path <file>", "as --sae"),
    new Option("--sae_type <type>", "which SAE a .pth file holds"),
    new Option("--data_path <file>", "as --data"),
    new Option("--n_bits <n>", "bits of a .pth file").argParser(integer(1)),
    new Option("--gamma <range>", "range of the grid of a .pth file").argParser(number({ above: 0 })),
    new Option("--k <n>", "active latents of a .pth file").argParser(integer(1)),
    new Option("--top_k <n>", "as --k").argParser(integer(1)),
  ];
  for (const option of options) made.addOption(option.hideHelp());
  return made.addHelpText(
    "after",
    [
      "",
      "The spelling of the Python reference works too:",
      `  $ qsae ${made.name()} --model_path sae.pth --sae_type baseline --k 32 --data_path heldout.safetensors`,
      "",
      "  --sae_type is baseline, binary, binary-latent, ternary, quantized-matryoshka,",
      "  residual-quantized, or what the reference calls them (baseline_sae, b_sae,",
      "  bl_sae, t_sae, q_sae, rq_sae); --n_bits, --gamma and --k (or --top_k) say",
      "  what the file does not.",
    ].join("\n"),
  );
}
