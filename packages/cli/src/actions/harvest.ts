/** `qsae harvest`: activations of a language model on text. */
import { dirname, resolve } from "node:path";
import { harvest as harvestActivations } from "@qsae/data";
import type { HarvestFlags } from "../commands/harvest.ts";
import { interruptible } from "../errors/interrupted.ts";
import { harvestText, hookOf } from "../files/harvest-text.ts";
import { bytes, count } from "../terminal/format.ts";
import type { Progress } from "../terminal/progress.ts";
import { openTerminal } from "../terminal/terminal.ts";

export async function harvest(flags: HarvestFlags): Promise<void> {
  const terminal = openTerminal(flags);
  const text = await harvestText(flags.text);
  let progress: Progress | undefined;
  const result = await interruptible("stopping; nothing is written", (signal) =>
    harvestActivations({
      ...text,
      modelPath: flags.model,
      tokenizerDir: flags.tokenizer ?? dirname(flags.model),
      hook: hookOf(flags.hook),
      contextLength: flags.context,
      dropFirst: flags.dropFirst,
      outPath: flags.out,
      dtype: flags.dtype,
      ...(flags.maxTokens !== undefined && { maxTokens: flags.maxTokens }),
      ...(flags.batchSize !== undefined && { batchSize: flags.batchSize }),
      onProgress: ({ tokens, totalTokens }) => {
        progress ??= terminal.progress({ label: "harvest", total: totalTokens });
        progress.update(tokens);
      },
      signal,
    }),
  ).finally(() => progress?.stop());
  terminal.print(
    `wrote ${flags.out}: ${count(result.tokens)} tokens of width ${count(result.dIn)} at ${result.tensor} (${bytes(result.bytes)})`,
  );
  terminal.result({
    out: resolve(flags.out),
    tokens: result.tokens,
    d_in: result.dIn,
    windows: result.windows,
    hook: result.tensor,
    bytes: result.bytes,
  });
}
